import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileParts, type PatternPart } from "./linear-pattern.ts";

const part: fc.Arbitrary<PatternPart> = fc.oneof(
  fc.constantFrom<PatternPart>({ kind: "one", source: "a" }, { kind: "one", source: "/" }, { kind: "one", source: "[^/]" }, { kind: "one", source: "(?!/)[a-b]" }, { kind: "start" }),
  fc.constantFrom<PatternPart>({ kind: "many", source: "[^/]" }, { kind: "many", source: "[^\\n]" }, { kind: "folders", source: "[^\\n]" }),
);
const text = fc.string({ unit: fc.constantFrom("a", "a", "b", "/", "\n", "é"), maxLength: 8 });

test("what is matched is what the regular expression matches, with few loose parts and with many", () => {
  const source = (parts: readonly PatternPart[]): string => parts.map((each) => (each.kind === "start" ? "^" : each.kind === "folders" ? `(${each.source}*/)?` : each.source + (each.kind === "many" ? "*" : ""))).join("");
  let both = 0;
  fc.assert(fc.property(fc.array(part, { maxLength: 7 }), text, (parts, subject) => {
    const expected = new RegExp(`^${source(parts)}$`, "u").test(subject);
    assert.equal(compileParts(parts)(subject), expected);
    if (expected) both += 1;
  }), { numRuns: 1500 });
  assert.ok(both > 30, "most of them match nothing");
});

test("many loose parts take no time that grows with their number beyond measure", () => {
  const stars = Array.from({ length: 60 }, (): PatternPart[] => [{ kind: "many", source: "[^/]" }, { kind: "one", source: "a" }]).flat();
  assert.equal(compileParts([...stars, { kind: "one", source: "b" }])("a".repeat(255)), false);
  const folders = Array.from({ length: 60 }, (): PatternPart[] => [{ kind: "folders", source: "[^\\n]" }, { kind: "one", source: "a" }, { kind: "one", source: "/" }]).flat();
  assert.equal(compileParts([...folders, { kind: "one", source: "b" }])("a/".repeat(200)), false);
});
