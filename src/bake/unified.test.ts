import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import type { Value } from "./value.ts";
import { unified } from "./unified.ts";

test("values of any type become values of one, as deep as they go", () => {
  const cases: readonly (readonly [readonly Value[], readonly Value[]])[] = [
    [[], []],
    [["a", 1, null, true], ["a", "1", null, "true"]],
    [[1, 2], [1, 2]],
    [[["a"], [1]], [["a"], ["1"]]],
    [[["a"], [1, 2]], [["a"], ["1", "2"]]],
    [[["a", 1], ["b", 2]], [["a", 1], ["b", 2]]],
    [[["a", 1], ["b"], []], [["a", "1"], ["b"], []]],
    [[{ a: "x", b: 1 }, { b: 2, a: 3 }], [{ a: "x", b: 1 }, { a: "3", b: 2 }]],
    [[{ a: "x" }, null, { b: 1 }], [{ a: "x" }, null, { b: "1" }]],
    [[{ a: [1] }, { a: ["x"] }], [{ a: ["1"] }, { a: ["x"] }]],
  ];
  for (const [given, wanted] of cases) assert.deepEqual(unified(given), wanted, JSON.stringify(given));
});

test("what has no type in common is refused, however deep it lies", () => {
  let [deep, other]: [Value, Value] = [true, 1];
  for (let level = 0; level < 150; level += 1) [deep, other] = [[deep], [other]];
  for (const items of [[1, true], [["a"], "b"], [{ a: 1 }, [1]], [{ a: 1 }, { a: true }], [[1], [true]], [deep, other]]) {
    assert.throws(() => unified(items), (error) => isFault(error, "BAKE_EXPRESSION"));
  }
});
