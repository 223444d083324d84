import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { together } from "./together.ts";

test("results come in the order of the tasks", async () => {
  assert.deepEqual(await together([async () => (await sleep(5), 1), async () => 2]), [1, 2]);
});

test("the first failure stops the other tasks, is thrown, and is waited after", async () => {
  let ended = false;
  const slow = async (signal: AbortSignal): Promise<void> => {
    try {
      await sleep(10_000, undefined, { signal });
    } finally {
      await sleep(5);
      ended = true;
    }
  };
  const failing = async (): Promise<void> => { throw new Error("first"); };
  await assert.rejects(together([slow, failing]), /first/);
  assert.ok(ended);
});

test("an abort from outside is the error", async () => {
  const controller = new AbortController();
  const work = together([async (signal) => sleep(10_000, undefined, { signal })], controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(work, (error) => (error as Error).name === "AbortError" || (error as Error).message === "enough");
});
