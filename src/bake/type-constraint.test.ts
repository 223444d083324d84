import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { readType } from "./type-constraint.ts";

test("types are read as HCL writes them", () => {
  assert.deepEqual(readType(" list( map(bool) ) "), { kind: "list", of: { kind: "map", of: { kind: "bool" } } });
  assert.deepEqual(readType("tuple([string, any])"), { kind: "tuple", items: [{ kind: "string" }, { kind: "any" }] });
  assert.deepEqual(readType("object({a=string, b = optional(number)})"), {
    kind: "object", attributes: new Map([["a", { type: { kind: "string" }, optional: false }], ["b", { type: { kind: "number" }, optional: true }]]),
  });
});

test("what is no type is refused, however long it is", () => {
  const odd = ["", "strin", "list", "list()", "list(string", "list(string))", "tuple(string)", "tuple([string)", "object({a})", "object({a=})", "object({\"a\"=string})", "list(\"string\")", "object({a=optional(string, 1)})", "optional(string)", "string string"];
  for (const text of [...odd, "list(".repeat(100_000), "object({a=".repeat(100_000), `tuple([${",".repeat(100_000)}])`]) {
    assert.throws(() => readType(text), (error) => isFault(error, "BAKE_EXPRESSION"), text.slice(0, 40));
  }
});
