import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
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
