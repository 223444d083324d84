import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { findProgram } from "../../src/linux/find-program.ts";
import { noSandbox } from "../support/sandbox-root.ts";
import type { UserTrial, UserTrialResult } from "../support/sandbox-user.ts";

const script = new URL("../support/sandbox-user.ts", import.meta.url).pathname;

interface Person { readonly name: string; readonly uid: number; readonly gid: number }

/** An ordinary user of this machine who has subordinate ids. */
function personWithRanges(): Person | undefined {
  if (!existsSync("/etc/subuid")) return undefined;
  const owners = new Set(readFileSync("/etc/subuid", "utf8").split("\n").map((line) => line.split(":")[0]));
  const rows = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  const row = rows.find(([name, , uid]) => owners.has(name) && Number(uid) > 0);
  return row && { name: row[0]!, uid: Number(row[2]), gid: Number(row[3]) };
}

/** Nobody of this machine, whose namespace can map one id only. */
const STRANGER: Person = { name: "stranger", uid: 54321, gid: 54321 };
const person = personWithRanges();

function mayRead(who: Person): boolean {
  return spawnSync(process.execPath, ["-e", `require("fs").readFileSync(${JSON.stringify(script)})`], { uid: who.uid, gid: who.gid }).status === 0;
}

const skip = noSandbox || (process.geteuid!() !== 0 ? "needs root, to become other users" : !mayRead(STRANGER) ? "needs a checkout that other users may read" : false);
const skipMany = skip || (findProgram("newuidmap") === undefined ? "needs newuidmap (Debian's uidmap)" : person === undefined ? "needs a user with ranges in /etc/subuid" : false);

async function asUser(who: Person, trial: Omit<UserTrial, "folder">, wrap: readonly string[] = []): Promise<UserTrialResult> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-rootless-"));
  chownSync(folder, who.uid, who.gid);
  try {
    const command = ["setpriv", `--reuid=${who.uid}`, `--regid=${who.gid}`, "--clear-groups", "--", process.execPath, script, JSON.stringify({ ...trial, folder })];
    const [program, ...args] = [...wrap, ...command];
    const { stdout } = await promisify(execFile)(program!, args, { env: { PATH: process.env["PATH"], HOME: folder, TMPDIR: folder }, cwd: "/" });
    return JSON.parse(stdout) as UserTrialResult;
  } finally {
    spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

const RUNS = [
  { command: "id -u; id -g; cat /proc/self/uid_map | wc -l; echo x >/dev/stdout; exit 3" },
  { command: "id -u; id -g; touch /f || echo refused", user: "app" },
  { command: "mkdir /d; echo new >/bin/new; rm /bin/wc; ls /bin | grep -c wc; mount -t tmpfs x /d || echo refused; ls /sys/class/net", network: "none" as const },
  { command: "grep -E '^(CapEff|CapBnd|Seccomp):' /proc/self/status; echo x >/proc/sys/kernel/hostname || echo refused" },
];

for (const runtime of ["builtin", "runc", "crun"]) {
  const missing = runtime !== "builtin" && findProgram(runtime) === undefined ? `needs ${runtime}` : false;

  test(`an ordinary user with newuidmap gets whole containers from ${runtime}`, { skip: skipMany || missing }, async () => {
    const { euid, mapped, ends } = await asUser(person!, { runtime, runs: RUNS });
    assert.deepEqual([euid, mapped], [0, "many"]);
    const outputs = ends.map((end) => ("fault" in end ? end.fault : end.stdout));
    assert.deepEqual(outputs.slice(0, 3), ["0\n0\n2\nx\n", "1000\n1001\nrefused\n", "0\nrefused\nlo\n"]);
    assert.match(outputs[3]!, /CapEff:\s+00000000a80425fb\n.*CapBnd:\s+00000000a80425fb\n.*Seccomp:\s+2\nrefused\n/s);
  });

  test(`an ordinary user without newuidmap is root in containers from ${runtime}, and no one else`, { skip: skip || missing }, async () => {
    const { euid, mapped, ends } = await asUser(STRANGER, { runtime, runs: RUNS });
    assert.deepEqual([euid, mapped], [0, "one"]);
    const outputs = ends.map((end) => ("fault" in end ? end.fault : end.stdout));
    assert.deepEqual(outputs.slice(0, 3), ["0\n0\n1\nx\n", "USER_NOT_MAPPED", "0\nrefused\nlo\n"]);
    assert.match(outputs[3]!, /CapEff:\s+00000000a80425fb\n.*Seccomp:\s+2\nrefused\n/s);
  });
}

test("pasta gives an ordinary user's container a network of its own", {
  skip: skipMany || (findProgram("pasta") === undefined ? "needs pasta (Debian's passt)" : !existsSync("/dev/net/tun") ? "needs /dev/net/tun" : false),
}, async () => {
  // Not every machine lets ordinary users open /dev/net/tun; this one does, in a mount namespace of the test's own.
  const tun = 'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"';
  const { ends } = await asUser(person!, {
    runs: [{ command: "readlink /proc/self/ns/net; ip -o addr | grep -vc ' lo '" }, { command: "readlink /proc/self/ns/net", network: "host" }],
  }, ["unshare", "--mount", "sh", "-c", tun, "sh"]);
  const [own, host] = ends.map((end) => ("fault" in end ? end.fault : end.stdout));
  assert.match(own!, /^net:\[\d+\]\n[1-9]\d*\n$/);
  assert.notEqual(own!.split("\n")[0], host!.trim());
});
