import assert from "node:assert/strict";
import { chmodSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { eventually, withContainers } from "../support/containers.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;

test("exec runs a command beside the first one, with its confinement, environment and user", { skip }, async (context) => {
  const { ok, detach, sampan } = await withContainers(context);
  await detach("--name", "box", "-e", "A=container", "-w", "/tmp", "-h", "boxed", "base:1", "sleep", "1000");
  const status = async (words: string[]): Promise<string> => (await ok("exec", ...words, "cat", "/proc/self/status")).match(/^(Cap\w+|Seccomp|NoNewPrivs):.*$/gm)!.join("\n");
  const first = (await ok("exec", "box", "cat", "/proc/1/status")).match(/^(Cap\w+|Seccomp|NoNewPrivs):.*$/gm)!.join("\n");
  assert.match(first, /CapEff:\t00000000a80425fb/);
  assert.match(first, /Seccomp:\t2/);
  assert.equal(await status(["box"]), first);
  assert.match(await status(["-u", "app", "box"]), /CapEff:\t0+\n/);

  assert.equal(await ok("exec", "box", "sh", "-c", "echo $A $HOME; pwd; hostname; id -u"), "container /root\n/tmp\nboxed\n0");
  assert.equal(await ok("exec", "-e", "A=given", "-u", "app", "-w", "/var", "box", "sh", "-c", "echo $A $HOME; pwd; id -u"), "given /home/app\n/var\n1000");
  assert.equal((await sampan(["exec", "-i", "box", "cat"], { input: "through\n" })).stdout, "through\n");
  assert.equal((await sampan(["exec", "box", "cat"], { input: "through\n" })).stdout, "");
  const ended = await sampan(["exec", "box", "sh", "-c", "echo out; echo err >&2; exit 7"]);
  assert.deepEqual([ended.status, ended.stdout, ended.stderr], [7, "out\n", "err\n"]);
  assert.equal((await sampan(["exec", "box", "no-such-program"])).status, 127);
  assert.equal((await sampan(["exec", "box", "/etc"])).status, 126);
  assert.equal((await sampan(["exec", "box", "sh", "-c", "kill -9 $$"])).status, 137);
  for (const cwd of ["/not/there", "/etc/passwd"]) {
    const nowhere = await sampan(["exec", "-w", cwd, "box", "true"]);
    assert.equal(nowhere.status, 127);
    assert.match(nowhere.stderr, new RegExp(`^ERROR: chdir to "${cwd}": no such directory\n`));
  }
  // 2 could be the command's own status.
  for (const words of [["-w", "tmp", "box", "true"], ["--nope", "box", "true"], ["box"]]) assert.equal((await sampan(["exec", ...words])).status, 125, words.join(" "));
  assert.match((await sampan(["exec", "-w", "tmp", "box", "true"])).stderr, /^ERROR: the working directory 'tmp' is invalid, it needs to be an absolute path\n/);
  for (const [user, problem] of [["nobody-here", "user nobody-here: no matching entries in passwd file"], ["0:nobody-here", "group nobody-here: no matching entries in group file"], ["4294967296", "user 4294967296: uids and gids must be in range 0-2147483647"]] as const) {
    const unknown = await sampan(["exec", "-u", user, "box", "true"]);
    assert.deepEqual([unknown.status, unknown.stderr.split("\n")[0]], [126, `ERROR: unable to find ${problem}`]);
  }

  await ok("exec", "-d", "box", "sh", "-c", "echo told > /told; exec sleep 1000");
  assert.equal(await eventually(() => ok("exec", "box", "sh", "-c", "cat /told 2>/dev/null || true"), (text) => text !== ""), "told");
  assert.equal((await sampan(["exec", "-d", "box", "no-such-program"])).status, 127);
  await ok("kill", "box");
  const late = await sampan(["exec", "box", "true"]);
  assert.equal(late.status, 1);
  assert.match(late.stderr, /container box is not running/);
  assert.match((await sampan(["exec", "nobody", "true"])).stderr, /No such container: nobody/);
});

test("a command that is executed in a container finds no way out of it", { skip }, async (context) => {
  const { ok, detach, sampan, folder } = await withContainers(context);
  await detach("--name", "cage", "base:1", "sleep", "1000");
  const node = statSync(process.execPath);
  const devices = (): string => ["null", "zero", "random"].map((name) => statSync(`/dev/${name}`).mode.toString(8)).join();
  const before = devices();
  const run = async (script: string): Promise<string> => (await sampan(["exec", "cage", "sh", "-c", script])).stdout;
  // The program that makes a command of itself must not be reached by its file, nor the host by what it has open.
  assert.equal(await run("ls /proc/self/fd | grep -vc '^[0123]$'"), "0\n");
  assert.equal(await run(`cat ${folder}/base.tar 2>/dev/null | wc -c; ls /proc/1/root | grep -c busybox-layout`), "0\n0\n");
  assert.equal(await run("mount -t tmpfs x /tmp 2>/dev/null || echo refused; chroot / true && echo may; echo x > /proc/sys/kernel/hostname 2>/dev/null || echo refused"), "refused\nmay\nrefused\n");
  assert.equal(await run("for fd in 0 1 2; do chmod 666 /proc/self/fd/$fd; done 2>/dev/null; for d in null zero random; do chmod 600 /dev/$d 2>/dev/null || echo refused; done"), "refused\nrefused\nrefused\n");
  await ok("exec", "-d", "cage", "sh", "-c", "for fd in 0 1 2; do chmod 600 /proc/self/fd/$fd; done");
  assert.equal(devices(), before);

  // /proc/self/exe as the command is this Node: it starts, and cannot be written to.
  await ok("exec", "cage", "sh", "-c", "ln -sf /proc/self/exe /bin/self; cp /bin/busybox /tmp/watch; exit 0");
  const watcher = ok("exec", "cage", "sh", "-c", `
    end=$(( $(date +%s) + 6 ))
    while [ $(date +%s) -lt $end ]; do
      for p in /proc/[0-9]*; do
        [ "$p" = "/proc/$$" ] && continue
        case "$(readlink $p/exe 2>/dev/null)" in *node*) (echo x >> $p/exe) 2>/dev/null && echo WRITTEN;; esac
        [ -e $p/root${process.execPath} ] 2>/dev/null && echo SEEN
        [ -r $p/fd/4 ] && ls $p/fd/4/ 2>/dev/null
      done
    done; echo watched`);
  for (let tries = 0; tries < 4; tries += 1) {
    await sampan(["exec", "cage", "/bin/self", "-e", "1"]);
    await sampan(["exec", "cage", "true"]);
  }
  assert.equal(await watcher, "watched");
  assert.deepEqual([statSync(process.execPath).size, statSync(process.execPath).mtimeMs], [node.size, node.mtimeMs]);
});

test("capabilities, limits and no-new-privileges hold for what is executed later, and who may trace gets no exec", { skip }, async (context) => {
  const { ok, detach, sampan } = await withContainers(context);
  await detach("--name", "tight", "--cap-drop", "ALL", "--cap-add", "CHOWN", "--security-opt", "no-new-privileges", "--ulimit", "nofile=100:200", "--read-only", "base:1", "sleep", "1000");
  const status = await ok("exec", "tight", "sh", "-c", "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status; ulimit -n; ulimit -Hn; touch /x 2>/dev/null || echo refused");
  assert.equal(status, "CapEff:\t0000000000000001\nCapBnd:\t0000000000000001\nNoNewPrivs:\t1\n100\n200\nrefused");
  await detach("--name", "tracer", "--cap-add", "SYS_PTRACE", "base:1", "sleep", "1000");
  const refused = await sampan(["exec", "tracer", "true"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /exec in a container that has the capability SYS_PTRACE is not supported/);
});

test("files that a container has put in the way are looked at as its own", { skip }, async (context) => {
  const { ok, detach, sampan, folder } = await withContainers(context);
  const secret = join(folder, "secret");
  await detach("--name", "trap", "base:1", "sleep", "1000");
  await ok("exec", "trap", "sh", "-c", `rm /etc/passwd /etc/group; ln -s ${secret} /etc/passwd; mkfifo /etc/group; ln -s /proc/1/root/.. /out`);
  chmodSync(folder, 0o700);
  const ran = await sampan(["exec", "-w", "/out", "trap", "sh", "-c", "pwd -P; ls -d base.tar 2>/dev/null; echo done"]);
  assert.match(ran.stdout, /^\/\ndone\n$/, ran.stderr);
  assert.ok(readFileSync("/etc/passwd", "utf8").length > 0);
});
