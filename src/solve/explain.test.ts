import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../oci/digest.ts";
import { keyOf } from "./cache-key.ts";
import { explainMiss } from "./explain.ts";
import type { CacheRecord, ContentRow } from "./ports.ts";

const row = (path: string, more: Partial<ContentRow> = {}): ContentRow => ({ path, type: "file", mode: 0o100644, uid: 0, gid: 0, digest: sha256(path), ...more });
const record = (components: Record<string, string>, files?: readonly ContentRow[]): CacheRecord => ({ components, files }) as unknown as CacheRecord;

test("a miss names each component that changed, from what to what", () => {
  assert.deepEqual(explainMiss({ kind: "run" }, [], undefined), ["it has not run before"]);
  assert.deepEqual(explainMiss({ a: "1" }, [], record({ a: "1" })), ["its earlier result is no longer in the store"]);
  assert.deepEqual(
    explainMiss({ base: "x", command: "[\"b\"]", "environment NEW": "1" }, [], record({ base: "y", command: "[\"a\"]", user: "app" })),
    ["the step before it made a new result", 'command: "[\\"a\\"]" → "[\\"b\\"]"', 'user: was "app", is gone', 'environment NEW: new, "1"'],
  );
  assert.ok(explainMiss({ a: "x".repeat(1000) }, [], record({ a: "y" }))[0]!.length < 140);
});

test("of files it names mode, owner, type and content, and those that came and went", () => {
  const before = [row("same"), row("mode"), row("owner"), row("type"), row("content"), row("link", { type: "symlink" }), row("gone")];
  const now = [row("same"), row("mode", { mode: 0o100755 }), row("owner", { uid: 7 }), row("type", { type: "symlink" }), row("content", { digest: sha256("other") }), row("link", { type: "symlink", digest: sha256("other") }), row("new")];
  assert.deepEqual(explainMiss({ content: "2" }, now, record({ content: "1" }, before)), [
    "mode: mode 0644 → 0755", "owner: owner 0:0 → 7:0", "type: file → symlink", "content: content changed", "link: link target changed", "new: new", "gone: gone",
  ]);
  const many = Array.from({ length: 30 }, (_, index) => row(`f${index}`));
  assert.deepEqual(explainMiss({ content: "2" }, many, record({ content: "1" }, [])).slice(-1), ["and 20 more files"]);
});

test("the order of components does not change a key, everything else does", () => {
  assert.equal(keyOf({ a: "1", b: "2" }), keyOf({ b: "2", a: "1" }));
  const components: Record<string, string>[] = [{ a: "1", b: "2" }, { a: "2", b: "1" }, { a: "1" }, { a: "1b2" }, { a1: "b2" }];
  const keys = components.map(keyOf);
  assert.equal(new Set(keys).size, keys.length);
});
