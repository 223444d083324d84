import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import { noSandbox, SandboxRoot } from "../support/sandbox-root.ts";

const skip = process.geteuid!() !== 0 ? "needs root" : noSandbox;

/** What a command in a container of its own says; it is started by another process, under `wrapper`. */
const RUN = `
const { SandboxRoot } = await import(process.argv[1]);
const root = await SandboxRoot.create();
const { stdout, stderr } = await root.run(process.argv[2], JSON.parse(process.argv[3]));
process.stdout.write(stdout + stderr);
await root[Symbol.asyncDispose]();
`;

function commandLine(script: string, changes: object): string[] {
  const support = new URL("../support/sandbox-root.ts", import.meta.url).href;
  return [process.execPath, "--input-type=module", "-e", RUN, support, script, JSON.stringify(changes)];
}

test("root in a container cannot change mode or owner of the host's devices", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const state = (): string => ["null", "zero", "full", "random", "urandom", "tty"].map((name) => {
    const { mode, uid, gid } = statSync(`/dev/${name}`);
    return `${name} ${mode.toString(8)} ${uid}:${gid}`;
  }).join("\n");
  const before = state();
  // The same mode and owner: should this ever work again, the host stays as it is.
  const paths = "/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /proc/self/fd/0 /proc/keys";
  const { stdout } = await root.run(`for d in ${paths}; do chmod $(stat -L -c %a $d) $d && echo changed $d; done; echo x > /dev/null && echo written`);
  assert.equal(stdout, "written\n");
  assert.equal(state(), before);
});

test("a file or folder on standard input is no way out: a command gets its bytes only", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const file = join(root.folder, "input");
  writeFileSync(file, "of the host\n");
  const [program = "", ...args] = commandLine("cat; echo overwritten > /proc/self/fd/0; cd /proc/self/fd/0", { stdin: "inherit" });
  const input = openSync(file, "r");
  assert.match(execFileSync(program, args, { encoding: "utf8", stdio: [input, "pipe", "inherit"] }), /^of the host\n/);
  closeSync(input);
  assert.equal(readFileSync(file, "utf8"), "of the host\n");

  const folder = openSync(root.folder, "r");
  const [, ...inFolder] = commandLine("cat /proc/self/fd/0/input; ls", { stdin: "inherit", cwd: "/proc/self/fd/0" });
  const { stdout } = spawnSync(program, inFolder, { encoding: "utf8", stdio: [folder, "pipe", "ignore"] });
  closeSync(folder);
  assert.doesNotMatch(stdout, /of the host|lower/);
});

test("capabilities that the builder inherited reach no command", { skip: skip || (findProgram("setpriv") ? false : "needs setpriv") }, () => {
  for (const [user, held] of [["", "00000000a80425fb"], ["app", "0000000000000000"]] as const) {
    const status = execFileSync("setpriv", ["--inh-caps=+chown,+setuid,+fowner", ...commandLine("cat /proc/self/status", { user })], { encoding: "utf8" });
    const sets = Object.fromEntries([...status.matchAll(/^(Cap\w+):\s+(\w+)$/gm)].map(([, name, value]) => [name, value]));
    assert.deepEqual(sets, { CapInh: "0000000000000000", CapPrm: held, CapEff: held, CapBnd: "00000000a80425fb", CapAmb: "0000000000000000" });
  }
});

test("files that are looked at in an image are not read where they lead to the kernel's log, which never ends", { skip }, async () => {
  await using root = await SandboxRoot.create();
  mkdirSync(join(root.lower, "etc/ssl/certs"), { recursive: true });
  for (const path of ["etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"]) {
    rmSync(join(root.lower, path), { force: true });
    symlinkSync("/proc/kmsg", join(root.lower, path));
  }
  const { stdout } = await root.run("echo ran", { hostCertificates: true }, { signal: AbortSignal.timeout(60_000) });
  assert.equal(stdout, "ran\n");
});
