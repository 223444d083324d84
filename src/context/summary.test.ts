import assert from "node:assert/strict";
import { test } from "node:test";
import { addUse, NO_USE, summarizeContext } from "./summary.ts";

const use = (files: number, bytes: number, readFiles: number, readBytes: number) => ({ files, bytes, readFiles, readBytes });

test("the summary says how much of the context was read", () => {
  assert.equal(summarizeContext(use(10_000, 100_000_000, 10_000, 100_000_000)), "10,000 files read, 100MB");
  assert.equal(summarizeContext(use(10_000, 100_000_000, 12, 1_200)), "12 of 10,000 files read, 1.2kB of 100MB");
  assert.equal(summarizeContext(use(3, 99, 0, 0)), "3 files, 99B, nothing changed");
  assert.equal(summarizeContext(use(1, 5, 1, 5)), "1 file read, 5B");
  assert.equal(summarizeContext(NO_USE), "nothing");
});

test("uses add up", () => {
  assert.deepEqual(addUse(use(1, 2, 3, 4), use(10, 20, 30, 40)), use(11, 22, 33, 44));
});
