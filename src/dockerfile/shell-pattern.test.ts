import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PatternError, replaceAll, replaceFirst, trimPrefix, trimSuffix } from "./shell-pattern.ts";

test("a prefix is removed as short or as long as it matches", () => {
  assert.equal(trimPrefix("/usr/local/bin", "*/", false), "usr/local/bin");
  assert.equal(trimPrefix("/usr/local/bin", "*/", true), "bin");
  assert.equal(trimPrefix("abc", "b", false), "abc");
});

test("a suffix is removed as short or as long as it matches", () => {
  assert.equal(trimSuffix("archive.tar.gz", ".*", false), "archive.tar");
  assert.equal(trimSuffix("archive.tar.gz", ".*", true), "archive");
  assert.equal(trimSuffix("a*c", "\\*c", false), "a");
});

test("a question mark is exactly one character, also one of two UTF-16 units", () => {
  assert.equal(trimPrefix("😀b", "?", false), "b");
  assert.equal(trimSuffix("a", "??", false), "a");
});

test("brackets and the signs of regular expressions are ordinary characters", () => {
  assert.equal(replaceAll("a[b].+", "[b].", "-"), "a-+");
});

test("wildcards do not match a line feed", () => {
  assert.equal(trimPrefix("a\nb", "*b", false), "a\nb");
  assert.equal(replaceAll("ab\ncd", "*", "x"), "x\nx");
});

test("escapes of closing brace and slash vanish, star, question mark and backslash become literal, others are refused", () => {
  assert.equal(replaceFirst("a/b}c", "\\/b\\}", "-"), "a-c");
  assert.equal(replaceFirst("a\\b", "\\\\", "/"), "a/b");
  assert.throws(() => trimPrefix("a", "\\a", false), new PatternError("invalid escape '\\a'"));
});

test("the first match is replaced by the text as it stands, all matches by a template", () => {
  assert.equal(replaceFirst("a.b.c", ".", "$0"), "a$0b.c");
  assert.equal(replaceAll("a.b.c", ".", "<$0>"), "a<.>b<.>c");
  assert.equal(replaceAll("a.b", ".", "$$1${x}$0x-$"), "a$1-$b");
});

test("an empty pattern matches between all characters, and an empty match behind a match is skipped", () => {
  assert.equal(replaceAll("ab", "", "-"), "-a-b-");
  assert.equal(replaceAll("ab", "*", "-"), "-");
  assert.equal(replaceAll("", "*", "-"), "-");
});

const value = fc.string({ unit: fc.constantFrom("a", "b", "c", "\n"), maxLength: 10 });
const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 5 });
const expression = (text: string, star: string): string => text.replaceAll("?", "[^\n]").replaceAll("*", star);

test("matches are those of the regular expression that the pattern stands for", () => {
  fc.assert(fc.property(value, pattern, (text, glob) => {
    assert.equal(trimPrefix(text, glob, true), text.replace(new RegExp(`^${expression(glob, "[^\n]*")}`), ""));
    assert.equal(trimPrefix(text, glob, false), text.replace(new RegExp(`^${expression(glob, "[^\n]*?")}`), ""));
    assert.equal(replaceFirst(text, glob, "x"), text.replace(new RegExp(expression(glob, "[^\n]*")), "x"));
  }));
});

test("a pattern of many stars takes no exponential time", () => {
  assert.equal(replaceFirst("a".repeat(2000), "*a".repeat(30) + "b", "x"), "a".repeat(2000));
});
