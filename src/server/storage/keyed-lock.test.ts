import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createKeyedLock } from "./keyed-lock.ts";

test("tasks of one key run one after the other, those of others at the same time", async () => {
  const lock = createKeyedLock();
  const log: string[] = [];
  const task = (name: string, milliseconds: number) => async () => {
    log.push(`${name} begins`);
    await wait(milliseconds);
    log.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([lock("x", task("first", 20)), lock("x", task("second", 0)), lock("y", task("other", 0))]);
  assert.deepEqual(results, ["first", "second", "other"]);
  assert.deepEqual(log, ["first begins", "other begins", "other ends", "first ends", "second begins", "second ends"]);
});

test("a task that fails does not stop the next one", async () => {
  const lock = createKeyedLock();
  const failed = lock("x", () => Promise.reject(new Error("no")));
  const next = lock("x", async () => "yes");
  await assert.rejects(failed, /no/);
  assert.equal(await next, "yes");
});
