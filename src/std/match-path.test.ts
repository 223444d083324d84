import assert from "node:assert/strict";
import { test } from "node:test";
import { matchPath } from "./match-path.ts";

test("patterns match as Go's path.Match does", () => {
  const yes: [string, string][] = [["alpine", "alpine"], ["al*", "alpine"], ["*/app", "team/app"], ["app:1.?", "app:1.2"], ["app:[0-9]", "app:3"], ["app:[^0-9]", "app:x"], ["a\\*", "a*"], ["a.c", "a.c"]];
  const no: [string, string][] = [["al*", "team/alpine"], ["*", "a/b"], ["?", "/"], ["app:[^0-9]", "app:3"], ["a.c", "abc"], ["a[", "a["], ["[z-a]", "b"], ["[z-a]", "[z-a]"]];
  for (const [pattern, name] of yes) assert.ok(matchPath(pattern, name), `${pattern} ${name}`);
  for (const [pattern, name] of no) assert.ok(!matchPath(pattern, name), `${pattern} ${name}`);
});

test("a pattern of many stars is answered as quickly as a plain one", () => {
  assert.equal(matchPath(`${"*a".repeat(60)}b`, "a".repeat(250)), false);
  assert.equal(matchPath(`${"*a".repeat(60)}*b`, `${"a".repeat(250)}b`), true);
});
