import assert from "node:assert/strict";
import { test } from "node:test";
import { goDuration, goList } from "./go-format.ts";

test("durations are printed as Go does", () => {
  const cases: readonly [number, string][] = [
    [0, "0s"], [1, "1ns"], [1500, "1.5µs"], [100e6, "100ms"], [1.5e9, "1.5s"], [30e9, "30s"], [90e9, "1m30s"], [300e9, "5m0s"], [3600e9, "1h0m0s"], [5025.5e9, "1h23m45.5s"],
  ];
  for (const [nanoseconds, text] of cases) assert.equal(goDuration(nanoseconds), text);
});

test("lists are printed as Go's %v does", () => {
  assert.equal(goList([]), "[]");
  assert.equal(goList(["a b", "c"]), "[a b c]");
});
