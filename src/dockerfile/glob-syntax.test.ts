import assert from "node:assert/strict";
import { test } from "node:test";
import { isWellFormed } from "./glob-syntax.ts";

test("classes that are closed and not empty are well-formed", () => {
  for (const pattern of ["", "a", "*", "[a]", "[^a]", "[a-z]", "[a-cx-z]", "[\\]]", "[\\-x]", "a]", "\\[", "[*]", "[a*b]c*", "[^^]"]) {
    assert.ok(isWellFormed(pattern), pattern);
  }
});

test("open, empty and half classes are not, nor an escape at the end", () => {
  for (const pattern of ["[", "[]", "[^]", "[a", "[a-", "[a-]", "[-a]", "[]a]", "a\\", "[\\", "*[", "[a]*\\", "[a\\"]) {
    assert.equal(isWellFormed(pattern), false, pattern);
  }
});
