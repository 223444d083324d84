import assert from "node:assert/strict";
import { test } from "node:test";
import { isDigit, isSpace, trimSpace, trimSpaceStart } from "./unicode.ts";

test("white space is what Go takes for it, which differs from JavaScript at NEL and the byte order mark", () => {
  for (const char of ["\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00a0", "\u1680", "\u2000", "\u2028", "\u3000"]) assert.ok(isSpace(char));
  for (const char of ["\ufeff", "\u200b", "a", "", "  "]) assert.equal(isSpace(char), false);
});

test("digits of every script count, letters and signs do not", () => {
  assert.deepEqual(["0", "٣", "a", "½", ""].map(isDigit), [true, true, false, false, false]);
});

test("trimming takes white space off both ends only", () => {
  assert.equal(trimSpace("\u3000 a b\u0085\n"), "a b");
  assert.equal(trimSpaceStart(" \ta "), "a ");
  assert.equal(trimSpace(" \n"), "");
  assert.equal(trimSpace("\ufeffa"), "\ufeffa");
});
