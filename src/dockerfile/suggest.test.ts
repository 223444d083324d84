import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { levenshtein, suggest } from "./suggest.ts";

test("the nearest candidate at a distance below three is suggested", () => {
  assert.equal(suggest("chwon", ["chown", "chmod"]), "chown");
  assert.equal(suggest("buidler", ["tester", "builder"]), "builder");
  assert.equal(suggest("xyz", ["builder"]), undefined);
});

test("an exact match means that the word is not what is wrong", () => {
  assert.equal(suggest("link", ["links", "link"]), undefined);
});

test("the first of several equally near candidates is suggested", () => {
  assert.equal(suggest("ab", ["ac", "ad"]), "ac");
});

test("without regard to case the suggestion takes the case of the word", () => {
  assert.equal(suggest("runn", ["RUN"], { ignoreCase: true }), "run");
  assert.equal(suggest("COYP", ["copy"], { ignoreCase: true }), "COPY");
  assert.equal(suggest("Coyp", ["COPY"], { ignoreCase: true }), "copy");
  assert.equal(suggest("runn", ["RUN"]), undefined);
});

test("the distance is symmetric, zero for equal texts only, and never above the longer length", () => {
  fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (a, b) => {
    const distance = levenshtein(a, b);
    assert.equal(distance, levenshtein(b, a));
    assert.equal(distance === 0, a === b);
    assert.ok(distance <= Math.max([...a].length, [...b].length));
  }));
  assert.equal(levenshtein("kitten", "sitting"), 3);
});
