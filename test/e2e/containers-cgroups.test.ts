import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { findProgram } from "../../src/linux/find-program.ts";
import { createCgroups, joinCgroups } from "../../src/linux/cgroup.ts";
import { removeCgroups } from "../../src/linux/remove-cgroups.ts";
import { noBusybox, writeBusyboxLayout } from "../support/busybox-base.ts";
import { killSupervisors, withContainers } from "../support/containers.ts";
import { asOrdinaryUser, noOrdinaryUser } from "../support/ordinary-user.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;
const noLimits = skip || !canLimit() && "needs cgroups that may be divided";

function canLimit(): boolean {
  try {
    removeCgroups(createCgroups(`sampan-test-${process.pid}`, { memory: 64 << 20, cpus: 0.5, pids: 50 }));
    return true;
  } catch {
    return false;
  }
}

const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
/** What the limits of 64 MB, half a processor and 50 processes are called. */
const LIMITS = unified
  ? { "memory.max": "67108864", "cpu.max": "50000 100000", "pids.max": "50" }
  : { "memory/memory.limit_in_bytes": "67108864", "cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000", "pids/pids.max": "50" };
const limited = ["-m", "64m", "--cpus", "0.5", "--pids-limit", "50"];
const readLimits = `cd /sys/fs/cgroup; for file in ${Object.keys(LIMITS).join(" ")}; do cat $file; done`;

/** Says which cgroup namespace it is in, and what of other cgroups a container can see or write: nothing. */
const LOOK = `readlink /proc/self/ns/cgroup
cat /proc/self/cgroup /proc/1/cgroup | grep -v ':/$'
grep ' /sys' /proc/mounts | grep -v '^[^ ]* [^ ]* [^ ]* ro[, ]'
for file in /sys/fs/cgroup/x /sys/fs/cgroup/*/x; do mkdir $file 2>/dev/null && echo $file made; done
ls /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent 2>/dev/null || true`;

/** The namespace that {@link LOOK} names, when it says nothing else. */
function ownNamespace(said: string): string {
  assert.match(said.trimEnd(), /^cgroup:\[\d+\]$/);
  assert.notEqual(said.trimEnd(), readlinkSync("/proc/self/ns/cgroup"));
  return said.trimEnd();
}

test("a container, what exec runs in it and the steps of a build see no cgroups but their own, and can write to none", { skip }, async (context) => {
  const { ok, detach, sampan } = await withContainers(context);
  ownNamespace(await ok("run", "--rm", "base:1", "sh", "-c", LOOK));
  ownNamespace(await ok("run", "--rm", "--init", "--network", "none", "base:1", "sh", "-c", LOOK));
  await detach("--name", "box", "base:1", "sleep", "1000");
  const first = ownNamespace(await ok("exec", "box", "sh", "-c", LOOK));
  assert.equal(await ok("exec", "box", "readlink", "/proc/1/ns/cgroup"), first);
  // Two steps: the second one's sandbox is made by copying.
  const dockerfile = `FROM base:1\nRUN <<END sh > /one\n${LOOK}\nEND\nRUN <<END sh > /two\n${LOOK}\nEND\n`.replaceAll("$file", "\\$file");
  const built = await sampan(["build", "-q", "-t", "looked:1", "-"], { input: dockerfile });
  assert.equal(built.status, 0, built.stderr);
  for (const step of ["/one", "/two"]) ownNamespace(await ok("run", "--rm", "looked:1", "cat", step));
});

test("a container with limits reads them where programs look for them, and so does what exec runs", { skip: noLimits }, async (context) => {
  const { ok, detach } = await withContainers(context);
  const expected = Object.values(LIMITS).join("\n");
  for (const words of [[], ["--init"], ["--cgroupns", "private"]]) {
    ownNamespace(await ok("run", "--rm", ...limited, ...words, "base:1", "sh", "-c", LOOK));
    assert.equal(await ok("run", "--rm", ...limited, ...words, "base:1", "sh", "-c", readLimits), expected, words.join(" "));
  }
  await detach("--name", "box", ...limited, "base:1", "sleep", "1000");
  ownNamespace(await ok("exec", "box", "sh", "-c", LOOK));
  assert.equal(await ok("exec", "box", "sh", "-c", readLimits), expected);
  const id = await ok("inspect", "-f", "{{.Id}} {{.HostConfig.CgroupnsMode}}", "box");
  assert.match(id, / private$/);
  // A JVM wants to see all of these, or believes none.
  if (!unified) assert.equal(await ok("exec", "box", "sh", "-c", "cd /sys/fs/cgroup; cat cpuset/cpuset.cpus cpuset/cpuset.mems cpuacct/cpuacct.usage | grep -c ."), "3");
  await ok("rm", "-f", "box");
  assert.deepEqual(cgroupsOf(id.slice(0, 64)), []);
});

test("--cgroupns=host leaves a container and what exec runs in it in this machine's cgroup namespace, still without writing", { skip }, async (context) => {
  const { ok, detach, sampan } = await withContainers(context);
  await detach("--name", "box", "--cgroupns", "host", ...(noLimits ? [] : limited), "base:1", "sleep", "1000");
  const id = await ok("inspect", "-f", "{{.Id}} {{.HostConfig.CgroupnsMode}}", "box");
  assert.match(id, / host$/);
  assert.equal(await ok("exec", "box", "readlink", "/proc/self/ns/cgroup"), readlinkSync("/proc/self/ns/cgroup"));
  assert.equal(await ok("exec", "box", "sh", "-c", "grep ' /sys' /proc/mounts | grep -vc '^[^ ]* [^ ]* [^ ]* ro[, ]' || mkdir /sys/fs/cgroup/x 2>/dev/null && echo made || true"), "0");
  if (!noLimits) assert.match(await ok("exec", "box", "cat", "/proc/self/cgroup"), new RegExp(`/sampan-${id.slice(0, 64)}$`, "m"));
  await ok("rm", "-f", "box");
  const other = await sampan(["run", "--cgroupns", "container:x", "base:1"]);
  assert.match(other.stderr, /invalid argument "container:x" for --cgroupns/);
});

const version2 = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((folder) => existsSync(join(folder, "cgroup.controllers")));
const noVersion2 = skip || (version2 === undefined ? "needs a mount of cgroups of version 2" : false);
const launcher = new URL("../../bin/sampan.cjs", import.meta.url).pathname;

/** Runs the binary in a cgroup, where /sys/fs/cgroup is of version 2, be the machine's of both; gives its standard output. */
function inVersion2(cgroup: string, words: readonly string[], { root, input = "" }: { root: string; input?: string }): string {
  const script = `mount --bind ${version2} /sys/fs/cgroup && echo $$ >${join("/sys/fs/cgroup", cgroup, "cgroup.procs")} && exec "$@"`;
  return execFileSync("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", process.execPath, launcher, ...words], {
    encoding: "utf8", input, env: { ...process.env, SAMPAN_ROOT: root, NO_COLOR: "1" },
  });
}

test("of version 2, a container without limits sees the cgroup that it was started in, read-only, and not the root of all", { skip: noVersion2 }, async (context) => {
  const { root } = await withContainers(context);
  const name = `sampan-caller-${process.pid}`;
  mkdirSync(join(version2!, name));
  context.after(() => rmdirSync(join(version2!, name)));
  const look = ["run", "--rm", "base:1", "sh", "-c", `${LOOK}; grep -c '^cgroup2 /sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec' /proc/mounts; cat /sys/fs/cgroup/cgroup.type /sys/fs/cgroup/cgroup.procs | tr '\\n' ' '`];
  const [namespace, ...shown] = inVersion2(name, look, { root }).split("\n");
  ownNamespace(namespace!);
  assert.equal(shown[0], "1");
  assert.match(shown[1]!, /^domain.* 1 /);
  if (!existsSync(join(version2!, "cgroup.type"))) assert.equal(inVersion2("/", ["run", "--rm", "base:1", "sh", "-c", "ls -A /sys/fs/cgroup; ls /sys/fs | grep -c cgroup"], { root }), "1\n");
  // With all rights, as for a daemon of containers, it can be divided.
  const dockerfile = "# syntax=docker/dockerfile:1\nFROM base:1\nRUN --security=insecure mkdir /sys/fs/cgroup/made\n";
  inVersion2(name, ["build", "-q", "--allow", "security.insecure", "-"], { root, input: dockerfile });
  rmdirSync(join(version2!, name, "made"));
});

for (const runtime of ["runc", "crun"]) {
  const needed = findProgram(runtime) === undefined ? `needs ${runtime}` : false;
  test(`${runtime} shows a container its own cgroups, with the limits`, { skip: noLimits || needed }, async (context) => {
    const { ok } = await withContainers(context);
    const out = await ok("run", "--rm", "--runtime", runtime, ...limited, "base:1", "sh", "-c", `readlink /proc/self/ns/cgroup; cat /proc/self/cgroup | grep -v ':/$'; ${readLimits}`);
    const [namespace, ...read] = out.split("\n");
    ownNamespace(namespace!);
    assert.deepEqual(read, Object.values(LIMITS));
  });
}

test("an ordinary user's container sees nothing of this machine's cgroups, with its network or another", { skip: noBusybox || noOrdinaryUser }, async (context) => {
  const { home, sampan } = asOrdinaryUser(context);
  const { config } = writeBusyboxLayout(join(home, "layout"));
  execFileSync("tar", ["-C", join(home, "layout"), "-cf", join(home, "base.tar"), "."]);
  assert.equal((await sampan(["load", "-i", join(home, "base.tar")])).status, 0);
  const runtimes = ["builtin", ...["runc", "crun"].filter((name) => !unified && findProgram(name) !== undefined)];
  for (const runtime of runtimes) {
    for (const network of ["default", "host", "none"]) {
      // What lies below other mounts is not to be seen in this table, and cannot be reached.
      const look = runtime === "builtin" ? LOOK : LOOK.replace(/^grep ' \/sys'.*$/m, "ls -A /sys/fs/cgroup");
      const { status, stdout, stderr } = await sampan(["run", "--rm", "--runtime", runtime, "--network", network, config, "sh", "-c", look]);
      assert.equal(status, 0, stderr);
      ownNamespace(stdout);
    }
  }
});

/** A cgroup in all that this machine has, into which a process can be put; it goes with the test. */
function callersCgroup(context: TestContext, name: string): (pid: number) => void {
  const parents = unified ? ["/sys/fs/cgroup"] : readdirSync("/sys/fs/cgroup").map((hierarchy) => join("/sys/fs/cgroup", hierarchy));
  const folders = parents.filter((parent) => !parent.endsWith("/cpuset") && existsSync(join(parent, "cgroup.procs"))).map((parent) => join(parent, name));
  for (const folder of folders) mkdirSync(folder);
  context.after(() => removeCgroups(folders, { patience: 5000 }));
  return (pid) => folders.forEach((folder) => writeFileSync(join(folder, "cgroup.procs"), String(pid)));
}

test("exec goes into the cgroups that the container is in, and pause keeps it in them, wherever these are asked from", { skip: noLimits }, async (context) => {
  const { ok, detach, root } = await withContainers(context);
  const enter = callersCgroup(context, `sampan-other-${process.pid}`);
  const fromOther = async (...words: string[]): Promise<string> => {
    const child = spawn("sh", ["-c", 'read go && exec "$@"', "sh", process.execPath, launcher, ...words], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, SAMPAN_ROOT: root } });
    enter(child.pid!);
    child.stdin.end("go\n");
    return (await text(child.stdout)).trimEnd();
  };
  for (const limits of [[], limited]) {
    const id = await detach("--name", "box", ...limits, "base:1", "sleep", "1000");
    for (const words of [["cat", "/proc/self/cgroup"], ["readlink", "/proc/self/ns/cgroup"]]) {
      const said = await fromOther("exec", "box", ...words);
      assert.equal(said, await ok("exec", "box", ...words));
      assert.doesNotMatch(said, /\.\.|sampan-other/);
    }
    assert.equal(await fromOther("pause", "box"), "box");
    assert.match(await ok("ps"), /\(Paused\)/);
    assert.equal(await fromOther("unpause", "box"), "box");
    assert.doesNotMatch(await ok("exec", "box", "cat", "/proc/1/cgroup"), /\.\.|sampan-other/);
    await ok("rm", "-f", "box");
    assert.deepEqual(cgroupsOf(id), []);
  }
});

/** The folders that are there of a container's cgroups. Others come and go meanwhile, of which find(1) complains. */
function cgroupsOf(id: string): string[] {
  return spawnSync("find", ["/sys/fs/cgroup", "-type", "d", "-name", `sampan-${id}`], { encoding: "utf8" }).stdout.split("\n").filter((line) => line !== "");
}

test("what a killed supervisor left of a container's cgroups is removed, and does not keep the container from starting", { skip: noLimits }, async (context) => {
  const { ok, detach, root } = await withContainers(context);
  const id = await detach("--name", "box", ...limited, "base:1", "sleep", "1000");
  const made = cgroupsOf(id);
  assert.notEqual(made.length, 0);
  killSupervisors(root);
  assert.match(await ok("ps", "-a"), /Exited \(137\)/);
  assert.deepEqual(cgroupsOf(id), []);
  // As when it is killed before it could note what it has made.
  for (const folder of made) mkdirSync(folder);
  await ok("start", "box");
  assert.equal(await ok("exec", "box", "sh", "-c", readLimits), Object.values(LIMITS).join("\n"));
  await ok("rm", "-f", "box");
  assert.deepEqual(cgroupsOf(id), []);
});

test("a cgroup in which something still dies is removed as soon as it is dead", { skip: noLimits }, async () => {
  const folders = createCgroups(`sampan-dies-${process.pid}`, { memory: 64 << 20 });
  const child = spawn("sleep", ["0.3"], { stdio: "ignore" });
  joinCgroups(folders, child.pid!);
  removeCgroups(folders);
  assert.ok(existsSync(folders[0]!));
  removeCgroups(folders, { patience: 20_000 });
  assert.deepEqual(folders.filter((folder) => existsSync(folder)), []);
});

test("folders that no cgroups are mounted at are left alone", { skip: noLimits || (unified ? "needs cgroups of version 1" : false) }, async (context) => {
  const { root } = await withContainers(context);
  const script = 'umount /sys/fs/cgroup/cpuacct && "$@" && ls -A /sys/fs/cgroup/cpuacct';
  const said = execFileSync("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", process.execPath, launcher, "run", "--rm", "-m", "64m", "base:1", "ls", "/sys/fs/cgroup"], {
    encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: root, NO_COLOR: "1" },
  });
  assert.deepEqual(said.trimEnd().split("\n"), ["cpu", "cpuset", "memory"]);
});

test("where there may be no more cgroup namespaces, what fails says so and what helps", { skip }, async (context) => {
  const { root } = await withContainers(context);
  // Of the namespaces of one user namespace, so that nothing else on this machine is concerned.
  const run = ["run --rm base:1 true", "run --rm --cgroupns host base:1 true", "doctor"].map((words) => `"$@" ${words}; echo "= $?"`).join("; ");
  const script = `echo 0 >/proc/sys/user/max_cgroup_namespaces || exit 77; ${run}`;
  const { stdout, stderr, status } = spawnSync("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", process.execPath, launcher], {
    encoding: "utf8", env: { ...process.env, SAMPAN_ROOT: root, NO_COLOR: "1" },
  });
  if (status === 77) return context.skip("needs user namespaces with limits of their own");
  assert.match(stdout.replace(/\s+/g, " "), /^= 125 = 0 .* not ok cgroups no cgroup namespaces may be made.* sysctl -w user\.max_cgroup_namespaces=.* = 1 $/, stderr);
  assert.match(stderr, /\(unshare\(cgroup\)\): ENOSPC.*\n.*max_cgroup_namespaces.*--cgroupns host/);
});
