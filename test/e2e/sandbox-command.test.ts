import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { isFault } from "../../src/std/fault.ts";
import { noSandbox, SandboxRoot } from "../support/sandbox-root.ts";

const skip = process.geteuid!() !== 0 ? "needs root" : noSandbox;

test("a command's output, streams and exit status come back", { skip }, async () => {
  await using root = await SandboxRoot.create();
  assert.deepEqual((({ exitCode, stdout, stderr }) => ({ exitCode, stdout, stderr }))(await root.run("echo out; echo err >&2; exit 3")), {
    exitCode: 3, stdout: "out\n", stderr: "err\n",
  });
  const killed = await root.run("kill -9 $$; kill -SEGV $$; kill $$; busybox false");
  assert.equal(killed.exitCode, 1, "process 1 does not hear its own signals");
  const child = await root.run("sh -c 'kill -KILL $$'; exit $?");
  assert.deepEqual([child.exitCode, child.stderr], [137, "Killed\n"]);
  const stopped = await root.run(["sleep", "100"], {}, { onStart: ({ kill }) => void setTimeout(() => kill("SIGKILL"), 300) });
  assert.deepEqual([stopped.exitCode, stopped.signal, stopped.stderr], [137, "SIGKILL", ""]);
});

test("all output arrives, in order, however slowly it is taken", { skip }, async () => {
  await using root = await SandboxRoot.create();
  let bytes = 0;
  let last = "";
  const result = await root.executor.run(root.job("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done"), {
    onOutput: async (_, data) => {
      bytes += data.length;
      last = Buffer.from(data).toString("utf8");
      if (bytes < 200_000) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  });
  assert.equal(result.exitCode, 0);
  assert.equal(bytes, Array.from({ length: 30000 }, (_, i) => `line ${i}\n`.length).reduce((a, b) => a + b));
  assert.match(last, /line 29999\n$/);
});

test("a missing program and one that cannot be executed are told apart", { skip }, async () => {
  await using root = await SandboxRoot.create();
  writeFileSync(join(root.lower, "plain"), "no program", { mode: 0o644 });
  writeFileSync(join(root.lower, "garbage"), "\x01\x02", { mode: 0o755 });
  writeFileSync(join(root.lower, "script"), "#!/no/interpreter\n", { mode: 0o755 });
  const tell = async (...args: string[]) => (({ exitCode, failure, message }) => ({ exitCode, failure, message }))(await root.run(args));
  assert.deepEqual(await tell("nothere"), { exitCode: 127, failure: "notFound", message: 'exec: "nothere": executable file not found in $PATH' });
  assert.deepEqual(await tell("/nothere"), { exitCode: 127, failure: "notFound", message: 'exec: "/nothere": no such file or directory' });
  assert.deepEqual(await tell("/script"), { exitCode: 127, failure: "notFound", message: 'exec: "/script": its interpreter does not exist' });
  assert.deepEqual(await tell("/plain"), { exitCode: 126, failure: "notExecutable", message: 'exec: "/plain": permission denied' });
  assert.deepEqual(await tell("/garbage"), { exitCode: 126, failure: "notExecutable", message: 'exec: "/garbage": exec format error' });
  assert.deepEqual(await tell("/bin"), { exitCode: 126, failure: "notExecutable", message: 'exec: "/bin": permission denied' });
});

test("the environment is the job's and HOME, nothing of the host", { skip }, async () => {
  await using root = await SandboxRoot.create();
  assert.deepEqual((await root.run(["env"], { env: ["PATH=/bin", "A=b c", "EMPTY="] })).stdout.split("\n").sort(), ["", "A=b c", "EMPTY=", "HOME=/root", "PATH=/bin"]);
  assert.match((await root.run(["env"], { user: "app" })).stdout, /^HOME=\/home\/app$/m);
  assert.match((await root.run(["env"], { user: "4242" })).stdout, /^HOME=\/$/m);
  assert.match((await root.run(["env"], { env: ["PATH=/bin", "HOME=/own"] })).stdout, /^HOME=\/own$/m);
});

test("users are resolved by the image's files", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const identity = async (user: string) => (await root.run("echo $(id -u):$(id -g) $(id -G); grep Groups /proc/self/status", { user })).stdout.trim().replace(/\s+/g, " ");
  assert.equal(await identity(""), "0:0 0 Groups: 0");
  assert.equal(await identity("app"), "1000:1001 1001 10 50 Groups: 10 50 1001");
  assert.equal(await identity("1000"), "1000:1001 1001 10 50 Groups: 10 50 1001");
  assert.equal(await identity("app:staff"), "1000:50 50 Groups: 50");
  assert.equal(await identity("1234:5678"), "1234:5678 5678 Groups: 5678");
  assert.equal(await identity("1234"), "1234:0 0 Groups: 0");
  await assert.rejects(root.run(["true"], { user: "nobody" }), (error) => isFault(error, "USER_NOT_FOUND") && /user nobody: no matching entries in passwd file/.test(error.message));
  await assert.rejects(root.run(["true"], { user: "app:nogroup" }), (error) => isFault(error, "USER_NOT_FOUND"));
});

test("USER 0 works in an image without /etc/passwd", { skip }, async () => {
  await using root = await SandboxRoot.create({ users: false });
  for (const user of ["0", "0:0", "root", ""]) assert.equal((await root.run("id -u", { user })).stdout, "0\n");
});

test("rights, limits and signals are those of a container", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const status = (await root.run(["cat", "/proc/self/status"])).stdout;
  for (const line of ["CapInh:\t0000000000000000", "CapPrm:\t00000000a80425fb", "CapEff:\t00000000a80425fb", "CapBnd:\t00000000a80425fb", "CapAmb:\t0000000000000000", "NoNewPrivs:\t0", "Seccomp:\t2", "Pid:\t1", "SigIgn:\t0000000000000000", "SigBlk:\t0000000000000000"]) {
    assert.ok(status.includes(`\n${line}\n`), `${line} in ${status}`);
  }
  const unprivileged = (await root.run(["cat", "/proc/self/status"], { user: "app" })).stdout;
  for (const line of ["CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapBnd:\t00000000a80425fb"]) assert.ok(unprivileged.includes(`\n${line}\n`), unprivileged);
  assert.equal((await root.run("umask; hostname; echo $$; ls -1 /proc/1/fd; true")).stdout, "0022\nbuildkitsandbox\n1\n0\n1\n2\n");
});

test("a command can open its standard streams again, whoever it runs as", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const { stdout, stderr } = await root.run("echo a >/dev/stdout; echo b >/dev/stderr; echo c >/proc/self/fd/1; cat /dev/stdin | wc -c", { user: "app" });
  assert.deepEqual([stdout, stderr], ["a\nc\n0\n", "b\n"]);
});

test("standard input can be a stream, and need not be read to its end", { skip }, async () => {
  await using root = await SandboxRoot.create();
  assert.equal((await root.run(["wc", "-c"], { stdin: Readable.from([Buffer.alloc(300_000), Buffer.from("end")]) })).stdout.trim(), "300003");
  assert.equal((await root.run(["head", "-c", "3"], { stdin: Readable.from([Buffer.alloc(3_000_000, "x")]) })).stdout, "xxx");
});

test("a terminal is the container's own, with job control and Ctrl-C", { skip }, async () => {
  await using root = await SandboxRoot.create();
  async function* keys() {
    yield "tty; echo size $(stty size)\n";
    await new Promise((resolve) => setTimeout(resolve, 300));
    yield "sleep 100\n";
    await new Promise((resolve) => setTimeout(resolve, 300));
    yield "\x03";
    yield "echo status $?; exit 9\n";
  }
  const { exitCode, stdout } = await root.run(["sh", "-i"], { terminal: true, stdin: Readable.from(keys()), env: ["PATH=/bin", "PS1=> "] });
  assert.equal(exitCode, 9);
  assert.match(stdout, /^\/dev\/pts\/0\r$/m);
  assert.match(stdout, /^status 130\r$/m);
});

test("the working directory is made for the user where it is missing", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const { stdout, upper } = await root.run("pwd; touch f", { user: "app", cwd: "/new/folder" });
  assert.equal(stdout, "/new/folder\n");
  const made = statSync(join(upper, "new/folder"));
  assert.deepEqual([made.uid, made.gid, made.mode & 0o7777], [1000, 1001, 0o755]);
});

test("mount points leave nothing behind but /dev, /proc and /sys, in whose folders the times stay", { skip }, async () => {
  await using root = await SandboxRoot.create();
  utimesSync(join(root.lower, "etc"), 1000, 2000);
  const first = await root.run("test -s /etc/hosts && test -s /etc/resolv.conf");
  assert.equal(first.exitCode, 0);
  for (const name of ["dev", "proc", "sys"]) assert.equal(lstatSync(join(first.upper, name)).mode & 0o7777, 0o755);
  assert.deepEqual([statSync(join(first.upper, "etc")).mtimeMs, statSync(join(first.upper, "etc")).atimeMs], [2_000_000, 1_000_000]);
  assert.deepEqual(readdirSync(first.upper, { recursive: true }).sort(), ["dev", "etc", "proc", "sys"]);

  await using bare = await SandboxRoot.create({ users: false });
  assert.deepEqual(readdirSync((await bare.run("true")).upper).sort(), ["dev", "proc", "sys"]);
});

test("a mount point that the command put something at stays", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const shown = join(root.folder, "shown");
  mkdirSync(shown);
  const { upper } = await root.run("echo x > /a/b/beside; rm -r /etc", { mounts: [{ source: shown, target: "/a/b/c", readonly: false }] });
  assert.deepEqual(readdirSync(join(upper, "a"), { recursive: true }).sort(), ["b", "b/beside"]);
});

test("a mount target that symlinks lead to stays inside the root", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const outside = join(root.folder, "outside");
  mkdirSync(outside);
  symlinkSync(join(outside, "stub.conf"), join(root.lower, "etc/resolv.conf"));
  symlinkSync("../../../../../../..//escape", join(root.lower, "link"));
  const shown = join(root.folder, "shown");
  writeFileSync(shown, "content");
  const { stdout, upper } = await root.run("test -s /etc/resolv.conf && cat /link/x", { mounts: [{ source: shown, target: "/link/x", readonly: true }] });
  assert.equal(stdout, "content");
  assert.deepEqual(readdirSync(outside), []);
  assert.equal(existsSync("/escape"), false);
  assert.equal(existsSync(join(upper, outside, "stub.conf")), false);
});

test("host folders, memory file systems and a read-only root are mounted as asked", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const shown = join(root.folder, "a,b:c");
  mkdirSync(shown);
  writeFileSync(join(shown, "f"), "before");
  const { stdout } = await root.run("cat /v/f; echo after >/v/f; echo x >/ro/f || echo refused; echo x >/root-file || echo refused; echo x >/mem/f && cat /mem/f", {
    mounts: [{ source: shown, target: "/v", readonly: false }, { source: shown, target: "/ro", readonly: true }],
    tmpfs: [{ target: "/mem", options: "size=1m" }],
    readonlyRoot: true,
  });
  assert.equal(stdout, "beforerefused\nrefused\nx\n");
  assert.equal(readFileSync(join(shown, "f"), "utf8"), "after\n");
});

test("hosts, resolv.conf and the network are what was asked for", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const { stdout } = await root.run("cat /etc/hosts; ip -o link | wc -l; ip addr show lo | grep -c LOWER_UP; ls /sys/class/net", {
    network: "none", extraHosts: [{ name: "db", ip: "10.0.0.1" }],
  });
  assert.equal(stdout, "127.0.0.1\tlocalhost buildkitsandbox\n::1\tlocalhost ip6-localhost ip6-loopback\n10.0.0.1\tdb\n1\n1\nlo\n");
  const host = await root.run("ls /sys/class/net; echo x >/etc/hosts || echo refused");
  assert.deepEqual(host.stdout.split("\n").filter((name) => name !== ""), [...readdirSync("/sys/class/net"), "refused"]);
});

test("more than sixty layers and a plain folder can be the root", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const lowers = Array.from({ length: 200 }, (_, i) => {
    const folder = join(root.folder, `a rather long name, with a comma, of layer number ${i}`);
    mkdirSync(folder);
    writeFileSync(join(folder, `f${i}`), "");
    return folder;
  });
  const job = root.job("ls / | grep -c ^f");
  assert.equal(job.root.kind, "overlay");
  const layered = { ...job.root, lowers: [...lowers, root.lower] } as typeof job.root;
  assert.equal((await root.run("ls / | grep -c ^f", { root: layered })).stdout, "200\n");
  assert.equal((await root.run("touch /made; ls /etc", { root: { kind: "folder", path: root.lower } })).stdout, "group\npasswd\n".replace("group\n", "group\nhosts\n") + "resolv.conf\n");
  assert.deepEqual(readdirSync(root.lower).sort(), ["bin", "dev", "etc", "made", "proc", "sys"]);
  assert.deepEqual(readdirSync(join(root.lower, "etc")).sort(), ["group", "passwd"]);
});

test("the host's certificates are shown besides the image's own, and leave nothing", { skip }, async () => {
  await using root = await SandboxRoot.create();
  const certificate = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
  const bundle = join(root.folder, "host.crt");
  writeFileSync(bundle, `# host\n${certificate("HOST")}${certificate("BOTH")}`);
  mkdirSync(join(root.lower, "etc/ssl/certs"), { recursive: true });
  const own = join(root.lower, "etc/ssl/certs/ca-certificates.crt");
  writeFileSync(own, `${certificate("OWN")}${certificate("BOTH")}`);
  const before = process.env["SSL_CERT_FILE"];
  process.env["SSL_CERT_FILE"] = bundle;
  try {
    const shown = await root.run("cat $SSL_CERT_FILE; echo $PIP_CERT $CURL_CA_BUNDLE; echo x >>$SSL_CERT_FILE || echo refused; mv -f /etc/ssl/certs/ca-certificates.crt /etc/moved && echo moved", {
      hostCertificates: true, env: ["PATH=/bin", "PIP_CERT=/own"],
    });
    assert.equal(shown.stdout, `${certificate("OWN")}${certificate("BOTH")}${certificate("HOST")}/own /dev/.sampan/ca-certificates.crt\nrefused\nmoved\n`);
    assert.deepEqual(readdirSync(shown.upper).sort(), ["dev", "etc", "proc", "sys"]);
    assert.deepEqual(readdirSync(join(shown.upper, "dev")), []);
    writeFileSync(own, certificate("HOST") + certificate("BOTH"));
    assert.doesNotMatch((await root.run("env", { hostCertificates: true })).stdout, /CERT|SSL/);
  } finally {
    if (before === undefined) delete process.env["SSL_CERT_FILE"];
    else process.env["SSL_CERT_FILE"] = before;
  }
});

test("sandboxes started ahead give the same results", { skip }, async () => {
  await using root = await SandboxRoot.create();
  root.executor.warm!(2);
  const results = await Promise.all(Array.from({ length: 6 }, (_, i) => root.run(`echo $$ ${i}; exit ${i}`)));
  assert.deepEqual(results.map(({ exitCode, stdout }) => [exitCode, stdout]), Array.from({ length: 6 }, (_, i) => [i, `1 ${i}\n`]));
});
