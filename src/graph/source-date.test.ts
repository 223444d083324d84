import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { sourceDate } from "./source-date.ts";

test("whole seconds, the time of the context, or nothing", () => {
  assert.equal(sourceDate("1700000000", undefined), 1_700_000_000);
  assert.equal(sourceDate("0", 5), 0);
  assert.equal(sourceDate("context", 5), 5);
  assert.equal(sourceDate("context", undefined), undefined);
  assert.equal(sourceDate("", 5), undefined);
  assert.equal(sourceDate(undefined, 5), undefined);
});

test("anything else is refused", () => {
  for (const value of ["now", "1.5", "1e9", "9".repeat(20), "2020-01-01"]) assert.throws(() => sourceDate(value, 5), (error) => isFault(error, "SOURCE_DATE_EPOCH_INVALID"), value);
});
