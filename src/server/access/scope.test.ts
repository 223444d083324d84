import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { narrowScope, parseScopes } from "./scope.ts";

test("scopes come in several parameters or in one", () => {
  assert.deepEqual(parseScopes(["repository:a/b:pull,push repository:c:pull", "repository(plugin):x:pull", "registry:catalog:*"]), [
    { type: "repository", name: "a/b", actions: ["pull", "push"] },
    { type: "repository", name: "c", actions: ["pull"] },
    { type: "repository", name: "x", actions: ["pull"] },
    { type: "registry", name: "catalog", actions: ["*"] },
  ]);
  assert.deepEqual(parseScopes(["", "repository", "repository:a", ":a:b", "repository:host:5000/x:pull", "repository:A:pull", `repository:${"a-".repeat(30_000)}:pull`]), []);
});

test("any text is read without an error, and never for more than it says", () => {
  fc.assert(fc.property(fc.array(fc.string()), (texts) => parseScopes(texts).every(({ type, name }) => texts.join(" ").includes(name) && type !== "")));
});

test("granted is what is asked for and allowed", () => {
  const scope = (...actions: string[]) => ({ type: "repository", name: "a", actions });
  assert.deepEqual(narrowScope(scope("pull", "push"), new Set(["pull"])).actions, ["pull"]);
  assert.deepEqual(narrowScope(scope("push"), new Set(["pull", "push", "retag", "delete"])).actions, ["push", "retag"]);
  assert.deepEqual(narrowScope(scope("*"), new Set(["pull", "delete"])).actions, ["pull", "delete"]);
  assert.deepEqual(narrowScope(scope("admin", "nonsense"), new Set(["pull"])).actions, []);
});
