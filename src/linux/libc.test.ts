import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { haveLibc, linkedFunction } from "./libc.ts";

const skip = haveLibc() ? false : "koffi is not installed";

test("what a call in another thread uses is not collected before it is done", { skip }, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { callInThread } = linkedFunction("int nanosleep(const void *request, void *remaining)");
  let collected = 0;
  const registry = new FinalizationRegistry(() => { collected += 1; });
  const call = (): Promise<number> => {
    const request = new Uint8Array(16);
    new DataView(request.buffer).setBigInt64(8, 300_000_000n, true);
    registry.register(request.buffer, undefined);
    return callInThread(request, null);
  };
  let done = false;
  const called = call().finally(() => { done = true; });
  while (!done) {
    collect();
    await sleep(20);
    if (!done) assert.equal(collected, 0);
  }
  assert.equal(await called, 0);
});

test("a function that this program does not have is an error", { skip }, () => {
  assert.throws(() => linkedFunction("int there_is_no_such_function(int number)"));
});
