import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { checkPattern, hasWildcard, matchName } from "./match-name.ts";

// From Go's path/filepath/match_test.go, those about one component.
const MATCHES: [pattern: string, name: string, matches: boolean][] = [
  ["abc", "abc", true], ["*", "abc", true], ["*c", "abc", true], ["a*", "a", true], ["a*", "abc", true],
  ["a*b*c*d*e*", "axbxcxdxexxx", true], ["a*b?c*x", "abxbbxdbxebxczzx", true], ["a*b?c*x", "abxbbxdbxebxczzy", false],
  ["ab[c]", "abc", true], ["ab[b-d]", "abc", true], ["ab[e-g]", "abc", false], ["ab[^c]", "abc", false],
  ["ab[^b-d]", "abc", false], ["ab[^e-g]", "abc", true], ["a\\*b", "a*b", true], ["a\\*b", "ab", false],
  ["a?b", "a☺b", true], ["a[^a]b", "a☺b", true], ["a???b", "a☺b", false], ["a[^a][^a][^a]b", "a☺b", false],
  ["[a-ζ]*", "α", true], ["*[a-ζ]", "A", false], ["[\\]a]", "]", true], ["[\\-]", "-", true], ["[x\\-]", "x", true],
  ["[x\\-]", "-", true], ["[x\\-]", "z", false], ["[\\-x]", "x", true], ["[\\-x]", "-", true], ["[\\-x]", "a", false],
  ["*x", "xxx", true], [".*", ".env", true], ["*", ".env", true], ["a.c", "abc", false], ["[z-a]", "b", false], ["(a|b)+$", "(a|b)+$", true],
];

const INVALID = ["[]a]", "[-]", "[x-]", "[-x]", "a[", "[a-b-c]", "[", "[^", "[^bc", "\\", "[\\", "[a-]", "a*b["];

for (const [pattern, name, matches] of MATCHES) {
  test(`${JSON.stringify(pattern)} ${matches ? "matches" : "does not match"} ${JSON.stringify(name)}`, () => {
    assert.equal(matchName(pattern, name), matches);
  });
}

for (const pattern of INVALID) {
  test(`${JSON.stringify(pattern)} is no pattern`, () => {
    assert.throws(() => checkPattern(pattern), (error) => isFault(error, "COPY_PATTERN_INVALID"));
  });
}

const nameArbitrary = fc.string({ unit: "binary", minLength: 1 }).filter((name) => !/[/\0]/.test(name));
const escape = (name: string): string => name.replace(/[\\*?[\]^-]/g, "\\$&");

test("a name with all its special characters escaped matches itself and no other", () => {
  fc.assert(fc.property(nameArbitrary, nameArbitrary, (name, other) => {
    assert.equal(matchName(escape(name), name), true);
    assert.equal(matchName(escape(name), other), name === other);
  }));
});

test("a star in place of any part of a name matches it, a question mark in place of a character", () => {
  fc.assert(fc.property(fc.array(nameArbitrary, { minLength: 2, maxLength: 4 }), fc.nat(), (parts, at) => {
    const index = at % parts.length;
    const pattern = parts.map((part, i) => (i === index ? "*" : escape(part))).join("");
    assert.equal(matchName(pattern, parts.join("")), true);
    const questions = parts.map((part, i) => (i === index ? [...part].map(() => "?").join("") : escape(part))).join("");
    assert.equal(matchName(questions, parts.join("")), true);
  }));
});

test("a range matches exactly the characters between its bounds", () => {
  const character = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }).filter((one) => one !== "/");
  fc.assert(fc.property(character, character, character, (low, high, one) => {
    const inside = low <= one && one <= high;
    assert.equal(matchName(`[${escape(low)}-${escape(high)}]`, one), inside);
    assert.equal(matchName(`[^${escape(low)}-${escape(high)}]`, one), !inside);
  }));
});

test("what is a wildcard follows Go: star, question mark and bracket that no backslash precedes", () => {
  for (const path of ["*", "a?", "[a]", "a\\\\*", "\\a*"]) assert.equal(hasWildcard(path), true, path);
  for (const path of ["", "a", "a\\*b", "\\[", "a]b", "\\\\", "a\\"]) assert.equal(hasWildcard(path), false, path);
});
