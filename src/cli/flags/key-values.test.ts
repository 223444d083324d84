import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { assignments, labels } from "./key-values.ts";

test("assignments keep what is behind the first =, and take a name alone from the environment", () => {
  assert.deepEqual(assignments(["A=1=2", "B=", "C", "D", "A=3"], { C: "c" }, "--build-arg"), { A: "3", B: "", C: "c" });
  assert.throws(() => assignments(["=x"], {}, "--build-arg"), (error) => isFault(error, "USAGE"));
});

test("a label without = is empty", () => {
  assert.deepEqual(labels(["a", "b=c"]), { a: "", b: "c" });
});
