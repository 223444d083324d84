import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseBefore, startsAgain } from "./restart-policy.ts";

test("a container is started again as docker's policies say", () => {
  const again = (name: "no" | "always" | "unless-stopped" | "on-failure", retries: number, exitCode: number, restarts: number): boolean =>
    startsAgain({ name, retries }, { exitCode, restarts });
  assert.deepEqual([again("no", 0, 1, 0), again("always", 0, 0, 99), again("unless-stopped", 0, 0, 99)], [false, true, true]);
  assert.deepEqual([again("on-failure", 0, 1, 99), again("on-failure", 0, 0, 0), again("on-failure", 2, 1, 1), again("on-failure", 2, 1, 2)], [true, false, true, false]);
});

test("what ends soon after its start is started again later each time, at most a minute", () => {
  const pauses: number[] = [];
  for (let pause = 0; pauses.length < 12; ) pauses.push((pause = pauseBefore(pause, 50)));
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  assert.equal(pauseBefore(60_000, 10_000), 100);
});
