import assert from "node:assert/strict";
import { test } from "node:test";
import { compileGlob, globProblem } from "./glob.ts";

const matched = (pattern: string, ...texts: string[]): string[] => texts.filter(compileGlob(pattern));

test("stars, folders, choices and characters", () => {
  assert.deepEqual(matched("prod/*", "prod/a", "prod/a/b", "prod"), ["prod/a"]);
  assert.deepEqual(matched("prod/**", "prod/a", "prod/a/b", "prod", "prods/a"), ["prod/a", "prod/a/b", "prod"]);
  assert.deepEqual(matched("**/x", "x", "a/x", "a/b/x", "ax"), ["x", "a/x", "a/b/x"]);
  assert.deepEqual(matched("a/**/b", "a/b", "a/c/b", "a/c/d/b", "ab", "a/cb"), ["a/b", "a/c/b", "a/c/d/b"]);
  assert.deepEqual(matched("a**b", "ab", "axb", "a/b"), ["ab", "axb"]);
  assert.deepEqual(matched("a/**/**", "a", "a/b", "a/b/c", "b"), ["a", "a/b", "a/b/c"]);
  assert.deepEqual(matched("{web,{api,db}}{,-x}/?", "web/1", "api-x/1", "db/12", "x/1"), ["web/1", "api-x/1"]);
  assert.deepEqual(matched("v[0-9].[!0]", "v1.2", "v1.0", "vx.1", "v1./"), ["v1.2"]);
  assert.deepEqual(matched("\\*.,", "*.,", "a.,"), ["*.,"]);
});

test("what it cannot do it refuses with the reason", () => {
  for (const pattern of ["!prod/*", "a!", "{a", "a}", "{a}", "{1..3}", "[a", "[]", "[z-a]", "[[:alpha:]]", "a(b|c)", "a\\", "{a,b}".repeat(7)]) assert.ok(globProblem(pattern), pattern);
  assert.equal(globProblem("a/{b,c}/**"), undefined);
});

test("no text makes it try all ways to share it among the stars", () => {
  assert.deepEqual(matched("*a*a*a*a*a*a*a*a*a*a*b", "a".repeat(5000)), []);
  assert.deepEqual(matched("**/*-*-*-prod/**", "a-/".repeat(3000)), []);
});
