import assert from "node:assert/strict";
import { test } from "node:test";
import { describeKeep } from "./describe-keep.ts";
import { presetKeep } from "./retention-rule.ts";

test("what stays is said in words, with times as they are written", () => {
  assert.equal(describeKeep(presetKeep("last-3-versions")!), "the 3 highest versions, latest");
  assert.equal(describeKeep({ last: 5, allVersions: true, signed: true }), "the last 5 pushed, every version, what something refers to");
  assert.equal(describeKeep({ pushedWithin: 14 * 86_400_000, pulledWithin: 90 * 60_000, signed: false }), "what was pushed within 14d, what was pulled within 90m");
});
