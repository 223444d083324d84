import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGlob, isGlob } from "./ignore-pattern.ts";

const matching = (pattern: string, paths: string[]): string[] => paths.filter((path) => compileGlob(pattern)!(path));

test("plain text is one path exactly, its signs mean nothing", () => {
  assert.deepEqual(matching("a.b+(c)$", ["a.b+(c)$", "axb+(c)$", "a.b+(c)$/d"]), ["a.b+(c)$"]);
});

test("* and ? stay within a name", () => {
  assert.deepEqual(matching("*.go", ["a.go", ".go", "a/b.go", "ago"]), ["a.go", ".go"]);
  assert.deepEqual(matching("a?c", ["abc", "a/c", "ac", "a😀c"]), ["abc", "a😀c"]);
  assert.deepEqual(matching("a/*/c", ["a/b/c", "a/c", "a/b/b/c"]), ["a/b/c"]);
});

test("** at the end is everything below", () => {
  assert.deepEqual(matching("a/**", ["a/b", "a/b/c", "a", "ab"]), ["a/b", "a/b/c"]);
  assert.deepEqual(matching("a*/**", ["ab/c/d", "a/b", "b/a"]), ["ab/c/d", "a/b"]);
  assert.deepEqual(matching("**", ["a", "a/b"]), ["a", "a/b"]);
});

test("** at the beginning is a suffix", () => {
  assert.deepEqual(matching("**/foo", ["foo", "a/foo", "a/b/foo", "afoo", "foo/a"]), ["foo", "a/foo", "a/b/foo"]);
  assert.deepEqual(matching("**foo", ["foo", "afoo", "a/afoo", "foo/a"]), ["foo", "afoo", "a/afoo"]);
  assert.deepEqual(matching("**/foo.txt", ["a/foo.txt", "a/fooxtxt"]), ["a/foo.txt"]);
});

test("** elsewhere is any number of directories", () => {
  assert.deepEqual(matching("a/**/b", ["a/b", "a/x/b", "a/x/y/b", "ab", "a/xb"]), ["a/b", "a/x/b", "a/x/y/b"]);
  assert.deepEqual(matching("**/*.go", ["x.go", "a/x.go", "a/b/x.go", "x.goo"]), ["x.go", "a/x.go", "a/b/x.go"]);
  assert.deepEqual(matching("**/a/**", ["a/b", "x/a/b/c", "a"]), ["a/b", "x/a/b/c"]);
});

test("classes have ranges and can be negated", () => {
  assert.deepEqual(matching("[a-c]x", ["ax", "cx", "dx", "-x"]), ["ax", "cx"]);
  assert.deepEqual(matching("[^a-c]x", ["ax", "dx"]), ["dx"]);
  assert.deepEqual(matching("[!a]", ["!", "a", "b"]), ["!", "a"]);
});

test("an escaped character is itself", () => {
  assert.deepEqual(matching("\\*a\\?\\[", ["*a?[", "xa?["]), ["*a?["]);
  assert.deepEqual(matching("a\\d", ["ad", "a1"]), ["ad"]);
});

test("matching is case-sensitive", () => {
  assert.deepEqual(matching("README*", ["README.md", "readme.md"]), ["README.md"]);
});

test("malformed patterns are not compiled", () => {
  for (const pattern of ["[", "a[]", "[a", "\\", "[z-a]"]) assert.equal(compileGlob(pattern), undefined, pattern);
});

test("what has no special sign is no glob", () => {
  assert.deepEqual(["a/b.c", "a*", "[a]", "a?", "a\\b", "a^"].map(isGlob), [false, true, true, true, true, true]);
});
