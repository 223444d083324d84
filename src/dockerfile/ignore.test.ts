import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { compileIgnore, parseIgnoreFile } from "./ignore.ts";

const ignored = (patterns: string[], path: string): boolean => compileIgnore(patterns).matches(path);

test("comments, blank lines and a byte order mark are skipped, only # in the first column begins a comment", () => {
  assert.deepEqual(parseIgnoreFile("\ufeff# a\n\n  b  \r\n #c\n"), ["b", "#c"]);
  assert.deepEqual(parseIgnoreFile(""), []);
});

test("patterns are cleaned and one leading slash is taken off, behind ! as well", () => {
  assert.deepEqual(parseIgnoreFile("/a/./b//c/../d/\n! /e/ \n./f\n/\n!\n../g\n."), ["a/b/d", "!e", "f", "/", "!", "../g", "."]);
});

test("a plain pattern is one path from the root, and everything below it", () => {
  assert.ok(ignored(["foo"], "foo"));
  assert.ok(ignored(["foo"], "foo/bar/baz"));
  assert.equal(ignored(["foo"], "bar/foo"), false);
  assert.equal(ignored(["foo"], "Foo"), false);
  assert.ok(ignored(["a/b"], "a/b/c"));
});

test("the last matching pattern wins", () => {
  assert.equal(ignored(["*.md", "!README.md"], "README.md"), false);
  assert.ok(ignored(["*.md", "!README.md", "README*"], "README.md"));
  assert.ok(ignored(["!README.md", "*.md"], "README.md"));
});

test("an exception for a file holds inside an ignored directory", () => {
  const matcher = compileIgnore(["dir", "!dir/keep"]);
  assert.deepEqual(["dir", "dir/x", "dir/keep", "dir/keep/y"].map((path) => matcher.matches(path)), [true, true, false, false]);
});

test("a pattern that had no say over a directory does not hold below it", () => {
  assert.equal(ignored(["foo", "!foo/bar", "foo"], "foo/bar"), false);
  assert.ok(compileIgnore(["foo", "!foo/bar", "foo"], { strict: true }).matches("foo/bar"));
  assert.equal(compileIgnore(["foo", "!foo", "f", "!x"], { strict: true }).matches("foo/bar"), false);
  assert.ok(compileIgnore(["**/*.txt", "!foo"], { strict: true }).matches("foo/a.txt"));
  assert.ok(ignored(["foo", "!foo/bar", "foo/bar"], "foo/bar"));
});

test("the root is never ignored", () => {
  for (const path of ["", ".", "/", "./"]) assert.equal(ignored(["*", "**", "."], path), false, path);
});

test("paths may have slashes in front and behind", () => {
  assert.ok(ignored(["a/b"], "/a/b/"));
  assert.ok(ignored(["a/b"], "./a/b"));
});

test("an ignored directory has to be entered only where an exception could match below it", () => {
  assert.equal(compileIgnore(["node_modules"]).mayReinclude("node_modules"), false);
  const plain = compileIgnore(["*", "!src/main", "!docs/**", "!img/*"]);
  assert.deepEqual(["src", "src/main", "srcs", "docs", "docs/a", "img", "lib", ""].map((path) => plain.mayReinclude(path)), [true, true, false, true, false, true, false, true]);
  assert.ok(compileIgnore(["*", "!a/*/b"]).mayReinclude("anything"));
});

test("no patterns ignore nothing", () => {
  const matcher = compileIgnore(["", "  "]);
  assert.deepEqual([matcher.empty, matcher.matches("a"), matcher.mayReinclude("a")], [true, false, false]);
  assert.equal(compileIgnore(["a"]).empty, false);
});

test("a lone ! and malformed patterns are refused", () => {
  assert.throws(() => compileIgnore(["!"]), { code: "IGNORE_PATTERN", message: 'illegal exclusion pattern: "!"' });
  for (const pattern of ["[", "a[b", "[]a]", "[a-]", "a\\", "x*[", "[b-a]"]) {
    assert.throws(() => compileIgnore([pattern]), { code: "IGNORE_PATTERN", message: "syntax error in pattern" }, pattern);
  }
});

const name = fc.string({ unit: fc.constantFrom("a", "b", "."), minLength: 1, maxLength: 2 }).filter((text) => !/^\.+$/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const pattern = fc.tuple(fc.constantFrom("", "", "!"), fc.array(fc.constantFrom("a", "b", "*", "**", "?", "a*", ".b", "[ab]"), { minLength: 1, maxLength: 3 }))
  .map(([bang, parts]) => bang + parts.join("/"));

test("without exceptions everything below an ignored path is ignored", () => {
  fc.assert(fc.property(fc.array(pattern.map((text) => text.replace("!", "")), { maxLength: 4 }), path, name, (patterns, parent, child) => {
    const matcher = compileIgnore(patterns);
    if (matcher.matches(parent)) assert.ok(matcher.matches(`${parent}/${child}`));
  }));
});

test("the verdict on a path does not depend on what was asked before", () => {
  fc.assert(fc.property(fc.array(pattern, { maxLength: 5 }), fc.array(path, { maxLength: 6 }), path, (patterns, before, asked) => {
    const matcher = compileIgnore(patterns);
    for (const other of before) matcher.matches(other);
    assert.equal(matcher.matches(asked), compileIgnore(patterns).matches(asked));
  }));
});

test("a directory that need not be entered has nothing to offer", () => {
  fc.assert(fc.property(fc.array(pattern, { maxLength: 5 }), path, path, (patterns, directory, below) => {
    const matcher = compileIgnore(patterns);
    if (matcher.matches(directory) && !matcher.mayReinclude(directory)) assert.ok(matcher.matches(`${directory}/${below}`));
  }), { numRuns: 1000 });
});

test("every file of patterns can be compiled or is refused", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom("a", "/", "*", "!", "[", "]", "^", "-", "\\", "?", "\n", "#", " ", ".", "é"), { maxLength: 20 }), (parts) => {
    try {
      assert.equal(typeof compileIgnore(parseIgnoreFile(parts.join(""))).matches("a/b"), "boolean");
    } catch (error) {
      assert.ok(isFault(error, "IGNORE_PATTERN"), String(error));
    }
  }));
});
