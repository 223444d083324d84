import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { isAlive, ownIdentity } from "./process-identity.ts";

test("this process is alive", () => {
  assert.ok(isAlive(ownIdentity()));
  assert.match(ownIdentity().started, /^\d+$/);
});

test("a pid that was given to another process is not taken for the first one", () => {
  assert.ok(!isAlive({ ...ownIdentity(), started: "1" }));
});

test("a process of an earlier boot is dead", () => {
  assert.ok(!isAlive({ ...ownIdentity(), boot: "00000000-0000-0000-0000-000000000000" }));
});

test("a process of another PID namespace counts as alive, since its pid means nothing here", () => {
  assert.ok(isAlive({ ...ownIdentity(), namespace: "pid:[1]", pid: 2 ** 22 }));
});

test("a process that was killed is dead", async () => {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  const identity = { ...ownIdentity(), pid: child.pid! };
  const started = (await import("node:fs")).readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]!.split(" ")[19]!;
  assert.ok(isAlive({ ...identity, started }));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(!isAlive({ ...identity, started }));
});
