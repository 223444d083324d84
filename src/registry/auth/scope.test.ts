import assert from "node:assert/strict";
import { test } from "node:test";
import { coversScopes, mergeScopes } from "./scope.ts";

test("a token for pull and push serves a pull of the same repository, and not the reverse", () => {
  assert.ok(coversScopes(["repository:a:pull,push"], ["repository:a:pull"]));
  assert.ok(!coversScopes(["repository:a:pull"], ["repository:a:pull,push"]));
  assert.ok(!coversScopes(["repository:a:pull"], ["repository:b:pull"]));
  assert.ok(coversScopes(["repository:a:*"], ["repository:a:delete"]));
});

test("a name with a port keeps its colon", () => {
  assert.ok(coversScopes(["repository:host:5000/a:pull"], ["repository:host:5000/a:pull"]));
  assert.ok(!coversScopes(["repository:host:5000/a:pull"], ["repository:host:5000/b:pull"]));
});

test("what the challenge asks for comes first, and nothing twice", () => {
  assert.deepEqual(mergeScopes("repository:b:pull", ["repository:a:pull", "repository:b:pull"]), ["repository:b:pull", "repository:a:pull"]);
  assert.deepEqual(mergeScopes(undefined, ["repository:a:pull"]), ["repository:a:pull"]);
});
