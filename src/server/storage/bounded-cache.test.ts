import assert from "node:assert/strict";
import { test } from "node:test";
import { createBoundedCache } from "./bounded-cache.ts";

test("the least recently used entries go first", () => {
  const cache = createBoundedCache<string>(8);
  for (const key of ["a", "b", "c", "d"]) cache.set(key, key, 2);
  cache.get("a");
  cache.set("e", "e", 2);
  assert.deepEqual(["a", "b", "c", "d", "e"].map((key) => cache.get(key) !== undefined), [true, false, true, true, true]);
});

test("an entry larger than a quarter is not kept, and setting again does not count twice", () => {
  const cache = createBoundedCache<string>(8);
  cache.set("large", "large", 3);
  assert.equal(cache.get("large"), undefined);
  for (let round = 0; round < 10; round += 1) cache.set("a", "a", 2);
  cache.set("b", "b", 2);
  assert.ok(cache.get("a") && cache.get("b"));
});
