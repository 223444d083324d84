import assert from "node:assert/strict";
import { test } from "node:test";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { eventually, killSupervisors, supervisors, withContainers } from "../support/containers.ts";
import { noContainers } from "../support/sampan-base.ts";

const skip = noBusybox || noContainers;

test("a container is started again as --restart says, until it is stopped", { skip }, async (context) => {
  const { ok, detach, sampan, root } = await withContainers(context);
  const state = (name: string): Promise<string> => ok("container", "inspect", "-f", "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}", name);
  await detach("--name", "tries", "--restart", "on-failure:2", "base:1", "sh", "-c", "echo once; exit 4");
  await detach("--name", "fine", "--restart", "on-failure", "base:1", "true");
  await detach("--name", "steady", "--restart", "always", "base:1", "sh", "-c", "echo once; sleep 0.05");
  await eventually(() => state("tries"), (text) => text === "exited 2 4");
  assert.equal(await ok("logs", "tries"), "once\nonce\nonce");
  assert.equal(await ok("wait", "fine"), "0");
  assert.equal(await state("fine"), "exited 0 0");
  await eventually(() => state("steady"), (text) => /^(?:running|restarting) [3-9]/.test(text));
  assert.match(await ok("ps", "--format", "{{.Names}} {{.Status}}"), /^steady (?:Up|Restarting \(0\)) .*$/);
  assert.equal(await ok("ps", "-q", "--no-trunc", "--filter", "restart-policy=always"), await ok("ps", "-q", "--no-trunc"));
  assert.equal((await sampan(["rm", "steady"])).status, 1);
  await ok("stop", "steady");
  assert.match(await state("steady"), /^exited/);
  assert.deepEqual(supervisors(root), []);
  await ok("start", "steady");
  await ok("kill", "steady");
  assert.match(await state("steady"), /^exited/);
  await ok("start", "steady");
  killSupervisors(root);
  await eventually(() => state("steady"), (text) => text.startsWith("exited"));
  await ok("container", "prune", "-f");
  assertStoreWhole(root);
  for (const [given, words] of [["always:3", /cannot be used with restart policy 'always'/], ["on-failure:x", /must be an integer/], ["sometimes", /invalid restart policy "sometimes"/]] as const) {
    const { status, stderr } = await sampan(["run", `--restart=${given}`, "base:1", "true"]);
    assert.deepEqual([status, words.test(stderr)], [125, true], stderr);
  }
  assert.match((await sampan(["run", "--rm", "--restart=always", "base:1", "true"])).stderr, /cannot specify both --restart and --rm/);
});

test("with --init process 1 puts away what loses its parent, and the command gets the signals", { skip }, async (context) => {
  const { ok, detach, sampan } = await withContainers(context);
  const orphans = 'for i in 1 2 3; do (sleep 0.02 & true); done; sleep 0.5; cat /proc/[0-9]*/status | grep -c "State:.Z"; exit 7';
  const plain = await sampan(["run", "--rm", "base:1", "sh", "-c", `exec sh -c '${orphans}'`]);
  const { status, stdout } = await sampan(["run", "--rm", "--init", "base:1", "sh", "-c", orphans]);
  assert.deepEqual([plain.status, status, stdout], [7, 7, "0\n"]);
  assert.equal((await sampan(["run", "--rm", "--init", "-i", "base:1", "cat"], { input: "through" })).stdout, "through");
  assert.equal((await sampan(["run", "--rm", "--init", "base:1", "no-such-program"])).status, 127);
  await detach("--name", "deaf", "--init", "base:1", "sleep", "1000");
  assert.equal(await ok("exec", "deaf", "sh", "-c", "cat /proc/1/environ 2>&1; kill -9 1; echo $?"), "cat: can't open '/proc/1/environ': Permission denied\n0");
  await ok("stop", "deaf");
  assert.equal(await ok("wait", "deaf"), "143", "SIGTERM has ended it, as it is not process 1");
  assert.match((await sampan(["run", "--init", "--cap-add", "SYS_PTRACE", "base:1", "true"])).stderr, /not supported/);
});
