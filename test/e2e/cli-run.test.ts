import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { usableProcessors } from "../../src/linux/usable-processors.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { noContainers, sampanWithBase } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;

test("run gives the command's output and its status", { skip }, async (context) => {
  const { sampan } = await sampanWithBase(context);
  const cases: [string[], number, string, RegExp?][] = [
    [["base:1", "echo", "-n", "hello"], 0, "hello"],
    [["--rm", "base:1", "sh", "-c", "echo out; echo err >&2; exit 7"], 7, "out\n", /^err\n$/],
    [["base:1", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"], 137, "", /Killed/],
    [["base:1", "no-such-program"], 127, "", /"no-such-program" was not found in the image/],
    [["base:1", "/etc"], 126, "", /"\/etc" cannot be executed/],
    [["--pull", "never", "nowhere:1"], 125, "", /No such image: nowhere:1/],
    [["--memory", "1m", "base:1"], 125, "", /--memory 1m is too little/],
    [["--privileged", "base:1"], 125, "", /--privileged is not supported/],
    [["--nmae", "x", "base:1"], 125, "", /unknown flag: --nmae/],
    [["-w", "tmp", "base:1", "true"], 125, "", /the working directory 'tmp' is invalid/],
    [[], 125, "", /needs at least 1 argument/],
    [["base:1", "sh", "-c", "exit 2"], 2, ""],
    [["-u", "nobody-here", "base:1", "true"], 125, "", /unable to find user nobody-here: no matching entries in passwd file/],
    ...["100000", "0.009", "-1"].map((cpus): [string[], number, string, RegExp] => [["--cpus", cpus, "base:1", "true"], 125, "", new RegExp(`range of CPUs is from 0\\.01 to ${usableProcessors()}\\.00, as there are only ${usableProcessors()} CPUs available`)]),
    [["--cpus", "0", "base:1", "echo", "no limit"], 0, "no limit\n"],
  ];
  for (const [words, status, stdout, stderr] of cases) {
    const ended = await sampan(["run", ...words]);
    assert.deepEqual([ended.status, ended.stdout], [status, stdout], `${words.join(" ")}\n${ended.stderr}`);
    if (stderr) assert.match(ended.stderr, stderr);
  }
});

test("flags set user, folder, environment, name and entry point", { skip }, async (context) => {
  const { sampan, folder } = await sampanWithBase(context, { config: { Env: ["PATH=/bin", "A=image", "B=image"], Entrypoint: ["/bin/sh", "-c"], Cmd: ["echo from the image"] } });
  writeFileSync(join(folder, "file.env"), "# a file\nC=file\nD\n");
  const run = async (...words: string[]): Promise<string> => {
    const { stdout, stderr } = await sampan(["run", ...words], { cwd: folder, env: { D: "host", E: "host" } });
    return stdout || stderr;
  };
  assert.equal(await run("base:1"), "from the image\n");
  assert.equal(await run("-e", "A=flag", "-e", "E", "-e", "NOT_SET_ANYWHERE", "--env-file", "file.env", "base:1", "echo $A $B $C $D $E ${NOT_SET_ANYWHERE-unset}"), "flag image file host host unset\n");
  assert.equal(await run("-w", "/tmp", "-u", "1000:1001", "-h", "box", "base:1", "pwd; id -u; id -g; hostname"), "/tmp\n1000\n1001\nbox\n");
  assert.equal(await run("--entrypoint", "/bin/echo", "base:1", "instead"), "instead\n");
  assert.equal(await run("--add-host", "storage.test:10.1.2.3", "base:1", "grep storage.test /etc/hosts | tr '\\t' ' '"), "10.1.2.3 storage.test\n");
  assert.match(await run("--network", "none", "base:1", "ls /sys/class/net"), /^lo\n$/);
});

test("standard input reaches the command with -i, and only then", { skip }, async (context) => {
  const { sampan } = await sampanWithBase(context);
  assert.equal((await sampan(["run", "-i", "base:1", "cat"], { input: "through\n" })).stdout, "through\n");
  assert.equal((await sampan(["run", "base:1", "cat"], { input: "through\n" })).stdout, "");
});

test("folders of the host are shown, read-only ones cannot be written, and the image stays as it is", { skip }, async (context) => {
  const { sampan, folder } = await sampanWithBase(context);
  writeFileSync(join(folder, "note"), "from the host\n");
  const shown = await sampan(["run", "-v", ".:/host:ro", "base:1", "sh", "-c", "cat /host/note; echo x > /host/new || echo refused; echo y > /made"], { cwd: folder });
  assert.equal(shown.stdout, "from the host\nrefused\n");
  assert.equal((await sampan(["run", "base:1", "sh", "-c", "ls /made 2>/dev/null || echo gone"])).stdout, "gone\n");
  const locked = await sampan(["run", "--read-only", "--tmpfs", "/run", "base:1", "sh", "-c", "echo x > /x 2>/dev/null || echo refused; echo y > /run/y && cat /run/y"]);
  assert.equal(locked.stdout, "refused\ny\n", locked.stderr);
  // docker makes a folder that is missing, and lets programs run where `exec` is given.
  for (const words of [["-v", "/dev:/dev"], ["--tmpfs", "/dev"]]) assert.match((await sampan(["run", ...words, "base:1", "true"])).stderr, /nothing can be mounted at "\/dev": a container needs what is there/);
  const made = await sampan(["run", "-v", "./new/one:/host", "--tmpfs", "/t:size=1m,mode=700,exec", "base:1", "sh", "-c", "echo z > /host/file; grep -o ' /t tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700' /proc/mounts"], { cwd: folder });
  assert.equal(made.stdout, " /t tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700\n", made.stderr);
  assert.equal(readFileSync(join(folder, "new/one/file"), "utf8"), "z\n");
});

test("SIGTERM is passed on to the command, whose status is given", { skip }, async (context) => {
  const { sampan } = await sampanWithBase(context);
  const ended = await sampan(["run", "base:1", "sh", "-c", "trap 'echo told; exit 9' TERM; echo ready; while true; do sleep 0.1; done"], {
    onStart: (child) => child.stdout!.on("data", (chunk: Buffer) => void (chunk.includes("ready") && child.kill("SIGTERM"))),
  });
  assert.deepEqual([ended.status, ended.stdout], [9, "ready\ntold\n"], ended.stderr);
});

test("a lot of output arrives whole", { skip }, async (context) => {
  const { sampan } = await sampanWithBase(context);
  const { stdout } = await sampan(["run", "base:1", "seq", "200000"]);
  assert.ok(stdout === `${Array.from({ length: 200_000 }, (_none, index) => index + 1).join("\n")}\n`, `${stdout.length} characters came`);
});
