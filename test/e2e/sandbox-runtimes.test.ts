import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { StepMount } from "../../src/exec/run-job.ts";
import { findProgram } from "../../src/linux/find-program.ts";
import { isFault } from "../../src/std/fault.ts";
import { noSandbox, SandboxRoot } from "../support/sandbox-root.ts";

for (const runtime of ["runc", "crun"]) {
  const skip = process.geteuid!() !== 0 ? "needs root" : noSandbox || (findProgram(runtime) === undefined ? `needs ${runtime}` : false);

  test(`${runtime} shows a command the same container as the built-in sandbox`, { skip }, async () => {
    await using builtin = await SandboxRoot.create();
    await using other = await SandboxRoot.create({ runtime });
    const look = [
      "id", "pwd", "umask", "hostname", "env | grep -v ^SHLVL | sort", "cat /etc/hosts /etc/resolv.conf", "ls /dev | grep -v core", "stat -c '%A %u:%g %n' /dev/shm /dev/pts /dev/mqueue",
      "grep -E '^(Cap|NoNew|Seccomp:|Groups|SigIgn|SigBlk)' /proc/self/status", "ls /proc/1/fd", "ls /sys/class/net", "cat /mnt/f", "echo x >/mnt/f", "echo x >/proc/sys/kernel/hostname",
      "cat /proc/keys | wc -c", "unshare -U true", "mount -t tmpfs x /tmp", "grep -c ' /mem tmpfs' /proc/mounts", "cat /dev/.sampan/* | wc -c", "ulimit -n", "exit 5",
    ].join("; echo == $?; ");
    for (const user of ["", "app", "1234:7"]) {
      for (const network of ["default", "none"] as const) {
        const results = [];
        for (const root of [builtin, other]) {
          const source = join(root.folder, "shown");
          mkdirSync(source, { recursive: true });
          writeFileSync(join(source, "f"), "shown");
          const { exitCode, stdout, stderr, upper } = await root.run(look, {
            user, network, cwd: "/made/for/it", hostCertificates: true, tmpfs: [{ target: "/mem", options: "size=1m" }],
            mounts: [{ source, target: "/mnt", readonly: true }], extraHosts: [{ name: "db", ip: "10.1.2.3" }],
          });
          const made = statSync(join(upper, "made/for/it"));
          results.push({ exitCode, stdout: stdout.split("\n"), stderr, left: readdirSync(upper, { recursive: true }).sort(), owner: [made.uid, made.gid] });
        }
        assert.deepEqual(results[1], results[0], `${user} ${network}`);
      }
    }
  });

  test(`${runtime} opens no device of this machine, wherever its node lies, and writes to nothing that is mounted read-only`, { skip }, async () => {
    await using root = await SandboxRoot.create({ runtime });
    const shown = join(root.folder, "shown");
    mkdirSync(shown);
    writeFileSync(join(shown, "f"), "shown");
    const places = ["/", "/dev", "/tmp", "/mnt/host", "/mnt/memory"];
    const stepMounts: readonly StepMount[] = [
      { kind: "host", source: root.folder, path: "/", target: "/mnt/host", readonly: false }, { kind: "host", source: shown, path: "/", target: "/mnt/locked", readonly: true },
      { kind: "tmpfs", target: "/mnt/memory", size: 0, readonly: false }, { kind: "tmpfs", target: "/mnt/empty", size: 0, readonly: true },
      { kind: "file", target: "/mnt/secret", content: "eA==", mode: 0o600, uid: 0, gid: 0 },
    ];
    // The node of mem(4): whether this machine has that device or not, it must not even be looked for.
    const open = places.map((place) => `cd ${place}; mknod node c 1 1 && head -c 1 node 2>&1 | sed 's,.*: ,,'; rm node`);
    const write = ["/mnt/locked/f", "/mnt/empty/f", "/mnt/secret"].map((path) => `(echo x >${path}) 2>&1 | sed 's,.*: ,,'`);
    for (const memory of [[], [{ kind: "tmpfs" as const, target: "/dev", size: 0, readonly: false }]]) {
      const { stdout, stderr } = await root.run([...open, ...write].join("; "), { stepMounts: [...stepMounts, ...memory] });
      const lines = stdout.trim().split("\n");
      assert.deepEqual(lines.slice(0, places.length).filter((line) => !/^(?:Permission denied|Operation not permitted)$/.test(line)), [], stderr);
      assert.deepEqual(lines.slice(places.length), write.map(() => "Read-only file system"));
    }
    assert.equal(readFileSync(join(shown, "f"), "utf8"), "shown");
    const still = await root.run("grep -E ' (/|/dev) ' /proc/mounts | sed -E 's/^[^ ]* ([^ ]*) [^ ]* (r[ow]),.*/\\1 \\2/' | sort -u", { readonlyRoot: true, stepMounts: [{ kind: "tmpfs", target: "/dev", size: 0, readonly: true }] });
    assert.equal(still.stdout, "/ ro\n/dev ro\n");
  });

  test(`${runtime} reports commands and users that are not there as the built-in sandbox does`, { skip }, async () => {
    await using root = await SandboxRoot.create({ runtime });
    writeFileSync(join(root.lower, "plain"), "no program", { mode: 0o644 });
    const tell = async (...args: string[]) => (({ exitCode, failure }) => ({ exitCode, failure }))(await root.run(args));
    assert.deepEqual(await tell("nothere"), { exitCode: 127, failure: "notFound" });
    assert.deepEqual(await tell("/nothere"), { exitCode: 127, failure: "notFound" });
    assert.deepEqual(await tell("/plain"), { exitCode: 126, failure: "notExecutable" });
    await assert.rejects(root.run("true", { user: "nobody" }), (error) => isFault(error, "USER_NOT_FOUND"));
  });

  test(`${runtime} takes standard input and a terminal`, { skip }, async () => {
    await using root = await SandboxRoot.create({ runtime });
    assert.equal((await root.run(["cat"], { stdin: Readable.from(["a", "b"]) })).stdout, "ab");
    const { exitCode, stdout } = await root.run(["sh", "-c", "tty; stty -a >/dev/null && read line && echo got $line; exit 4"], { terminal: true, stdin: Readable.from(["word\n"]) });
    assert.equal(exitCode, 4);
    assert.match(stdout, /\/dev\/(pts\/0|console)\r\n[^]*got word\r\n/);
  });
}
