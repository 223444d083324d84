import assert from "node:assert/strict";
import { test } from "node:test";
import { createdSince, goTime, humanDuration } from "./human-time.ts";

test("how long ago is said in docker's words", () => {
  const minute = 60_000;
  const hour = 60 * minute;
  const day = 24 * hour;
  const cases: [number, string][] = [
    [0, "Less than a second"], [1000, "1 second"], [59_000, "59 seconds"], [minute, "About a minute"], [59 * minute, "59 minutes"],
    [hour, "About an hour"], [89 * minute, "About an hour"], [90 * minute, "2 hours"], [47 * hour, "47 hours"], [48 * hour, "2 days"],
    [13 * day, "13 days"], [14 * day, "2 weeks"], [59 * day, "8 weeks"], [60 * day, "2 months"], [729 * day, "24 months"], [730 * day, "2 years"],
  ];
  for (const [milliseconds, words] of cases) assert.equal(humanDuration(milliseconds), words, String(milliseconds));
  assert.equal(createdSince(0, 5), "N/A");
  assert.equal(goTime(1_767_225_600_000), "2026-01-01 00:00:00 +0000 UTC");
});
