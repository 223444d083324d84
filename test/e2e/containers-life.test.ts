import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { eventually, supervisors, withContainers } from "../support/containers.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;
const COUNTER = 'trap "echo bye; exit 3" TERM; echo ready; echo trouble >&2; while true; do sleep 0.05; done';

test("a container runs in the background until it is stopped, and stays until it is removed", { skip }, async (context) => {
  const { ok, detach, root, sampan, folder } = await withContainers(context);
  const cidfile = join(folder, "cid");
  const id = await detach("--name", "web", "--cidfile", cidfile, "-l", "team=blue", "base:1", "sh", "-c", COUNTER);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(readFileSync(cidfile, "utf8"), id);
  assert.equal(await ok("ps", "-q", "--no-trunc"), id);
  assert.match(await ok("ps", "--format", "{{.Image}} {{.Names}} {{.State}} {{.Status}} {{.Labels}}"), /^base:1 web running Up .* team=blue$/);
  await eventually(() => ok("logs", "web"), (text) => text.includes("ready"));

  const again = await sampan(["run", "--name", "web", "base:1", "true"]);
  assert.deepEqual([again.status, again.stdout], [125, ""]);
  assert.match(again.stderr, /the container name "web" is already in use by container/);
  const removed = await sampan(["rm", "web"]);
  assert.equal(removed.status, 1);
  assert.match(removed.stderr, /container web is running: it cannot be removed/);

  assert.equal(await ok("stop", "web"), "web");
  assert.equal(await ok("ps", "-q"), "");
  assert.match(await ok("ps", "-a", "--format", "{{.Names}} {{.Status}}"), /^web Exited \(3\) .* ago$/);
  assert.equal(await ok("wait", "web"), "3");
  const logs = await sampan(["logs", "web"]);
  assert.deepEqual([logs.stdout, logs.stderr], ["ready\nbye\n", "trouble\n"]);
  assert.deepEqual(supervisors(root), []);

  assert.equal(await ok("start", id.slice(0, 8)), id.slice(0, 8));
  assert.equal(await ok("kill", "web"), "web");
  assert.equal(await ok("container", "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}} {{.Name}}", "web"), "exited 137 /web");
  // What scripts ask docker for, where it is empty here.
  const empty = "{{.NetworkSettings.IPAddress}}{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}{{if .State.Health}}health{{end}}{{.HostConfig.Privileged}} {{.SizeRw}}";
  assert.equal(await ok("container", "inspect", "-f", empty, "web"), "false <nil>");
  assert.doesNotMatch(await ok("container", "inspect", "web"), /"Health"|"SizeRw"/);
  assert.equal(await ok("rename", "web", "old"), "");
  assert.equal(await ok("rm", "old"), "old");
  assert.deepEqual(readdirSync(join(root, "containers")), []);
  assertStoreWhole(root);
});

test("a container that is being started is not removed under it: with -f it is ended first", { skip }, async (context) => {
  const { ok, root, sampan } = await withContainers(context);
  for (const force of [[], ["-f"]]) {
    await ok("create", "--name", "late", "base:1", "sleep", "1000");
    const starting = sampan(["start", "late"]);
    await eventually(async () => supervisors(root).length, (count) => count > 0);
    const { status } = await sampan(["rm", ...force, "late"]);
    await starting;
    assert.equal(status, force.length > 0 ? 0 : 1);
    assert.deepEqual([await ok("ps", "-aq", "-f", "name=late") === "", supervisors(root).length], force.length > 0 ? [true, 0] : [false, 1]);
    if (force.length === 0) await ok("rm", "-f", "late");
  }
  assert.deepEqual(readdirSync(join(root, "containers")), []);
});

test("with --rm a container goes when it ends, in the background as in the foreground", { skip }, async (context) => {
  const { ok, detach, root, sampan } = await withContainers(context);
  await detach("--rm", "--name", "short", "base:1", "sleep", "0.2");
  await eventually(() => ok("ps", "-aq"), (text) => text === "");
  await sampan(["run", "--rm", "base:1", "true"]);
  await sampan(["run", "--rm", "base:1", "no-such-program"]);
  assert.equal(await ok("ps", "-aq"), "");
  assert.deepEqual(readdirSync(join(root, "containers")), []);
  assertStoreWhole(root);
});

test("what a container has written is there when it is started again, in the foreground too", { skip }, async (context) => {
  const { ok, sampan } = await withContainers(context);
  assert.match(await ok("create", "--name", "keeper", "base:1", "sh", "-c", "echo x >> /data; wc -l < /data; exit 4"), /^[0-9a-f]{64}$/);
  assert.equal(await ok("ps", "-a", "--format", "{{.Status}}"), "Created");
  assert.equal(await ok("ps", "-q"), "");
  for (const count of ["1", "2"]) {
    const { status, stdout } = await sampan(["start", "-a", "keeper"]);
    assert.deepEqual([status, stdout], [4, `${count}\n`]);
  }
  assert.equal(await ok("logs", "keeper"), "1\n2");
});

test("a command that is not there is told at once, and the container says why it was not started", { skip }, async (context) => {
  const { ok, sampan } = await withContainers(context);
  const missing = await sampan(["run", "-d", "--name", "missing", "base:1", "no-such-program"]);
  assert.equal(missing.status, 127);
  assert.match(missing.stdout, /^[0-9a-f]{64}\n$/);
  assert.match(missing.stderr, /"no-such-program" was not found in the image/);
  assert.equal((await sampan(["run", "-d", "base:1", "/etc"])).status, 126);
  assert.equal(await ok("container", "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "missing"), "created 127");
  assert.match(await ok("inspect", "-f", "{{.State.Error}}", "missing"), /executable file not found/);
});

test("images that containers use are not removed; containers that have ended can be made to do without", { skip }, async (context) => {
  const { ok, detach, sampan, short, id, root } = await withContainers(context);
  const container = await detach("--name", "user", "base:1", "sleep", "100");
  for (const [words, message] of [
    [["rmi", "base:1"], /unable to delete base:1 \(cannot be forced: image is being used by running container/],
    [["rmi", "-f", id], /\(cannot be forced: image is being used by running container/],
  ] as const) {
    const { status, stderr } = await sampan(words);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.ok(stderr.includes(container.slice(0, 12)));
  }
  await ok("stop", "-t", "0", "user");
  assert.match((await sampan(["rmi", "base:1"])).stderr, /must be forced: container [0-9a-f]{12} is using its referenced image/);
  assert.match((await sampan(["rmi", short])).stderr, /must be forced: image is being used by stopped container/);
  assert.match(await ok("rmi", "-f", "base:1"), /^Untagged: base:1\nDeleted: /);
  assert.equal(await ok("ps", "-a", "--format", "{{.Image}}"), short);
  await ok("start", "user");
  assert.equal(await ok("ps", "--format", "{{.Names}}"), "user");
  await ok("rm", "-f", "user");
  await ok("container", "prune", "-f");
  assertStoreWhole(root);
});

test("prune removes what has ended and passes the filters, and nothing that runs", { skip }, async (context) => {
  const { ok, detach } = await withContainers(context);
  await detach("--name", "runs", "base:1", "sleep", "100");
  await ok("run", "--name", "ended", "-l", "keep", "base:1", "true");
  const other = (await ok("create", "base:1")).slice(0, 64);
  assert.match(await ok("container", "prune", "-f", "--filter", "label!=keep"), new RegExp(`^Deleted Containers:\n${other}\n\nTotal reclaimed space: 0B$`));
  assert.equal(await ok("ps", "-a", "--format", "{{.Names}}"), "ended\nruns");
  assert.equal(await ok("ps", "-a", "-f", "status=exited", "-f", "label=keep", "--format", "{{.Names}}"), "ended");
  assert.equal(await ok("ps", "-l", "--format", "{{.Names}}"), "ended");
  await ok("run", "--name", "wrote", "base:1", "sh", "-c", "head -c 2000000 /dev/zero > /large");
  assert.match(await ok("system", "df"), /\nContainers +3 +1 +2MB +2MB \(100%\)\n[^]*Can be freed: 2MB of containers that have ended/);
  assert.match(await ok("system", "df", "-v"), /\nContainers space usage:\n\nCONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES\n[^]* 2MB .*Exited \(0\) .* wrote\n/);
  assert.match(await ok("system", "prune", "-f", "--filter", "label!=keep"), /^Deleted Containers:\n[0-9a-f]{64}\n[^]*Total reclaimed space: 2(?:\.\d+)?MB$/);
  assert.equal(await ok("ps", "-a", "--format", "{{.Names}}"), "ended\nruns");
  await ok("rm", "-f", "runs", "ended", "not-there");
});

test("names and ids that nothing has, or that cannot be, are refused", { skip }, async (context) => {
  const { sampan, root } = await withContainers(context);
  for (const name of ["../../x", "a b", "x", "-a", "a/b", "é".repeat(3), "a".repeat(300), "a\nb"]) {
    const { status, stderr } = await sampan(["create", `--name=${name}`, "base:1"]);
    assert.equal(status, 2, name);
    assert.match(stderr, /invalid container name/);
  }
  const [unnamed, ...more] = [await sampan(["create", "--name=", "base:1"]), await sampan(["rm", "-f", ""]), await sampan(["start", "--nope", "x"])];
  assert.deepEqual([unnamed!.status, ...more.map(({ status }) => status)], [0, 1, 125], unnamed!.stderr);
  await sampan(["rm", unnamed!.stdout.trim()]);
  for (const text of ["../..", "*", "%", "a' OR 1=1 --", ""]) {
    const { status, stderr } = await sampan(["rm", text]);
    assert.equal(status, 1, text);
    assert.match(stderr, /No such container/);
  }
  assert.ok(existsSync(join(root, "sampan.db")));
});
