import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../oci/digest.ts";
import { keyOf } from "./cache-key.ts";
import { explainMiss } from "./explain.ts";
import { nearestRecord } from "./nearest-record.ts";
import type { CacheRecord, ContentRow } from "./ports.ts";

const row = (path: string, more: Partial<ContentRow> = {}): ContentRow => ({ path, type: "file", mode: 0o100644, uid: 0, gid: 0, digest: sha256(path), ...more });
const record = (components: Record<string, string>, files?: readonly ContentRow[]): CacheRecord => ({ components, files }) as unknown as CacheRecord;

test("a miss names each component that changed, from what to what", () => {
  assert.deepEqual(explainMiss({ kind: "run" }, [], undefined), ["it has not run before"]);
  assert.deepEqual(explainMiss({ a: "1" }, [], record({ a: "1" })), ["its earlier result is no longer in the store"]);
  assert.deepEqual(
    explainMiss({ base: "x", command: "[\"b\"]", "environment NEW": "1" }, [], record({ base: "y", command: "[\"a\"]", user: "app" })),
    ["the step before it has another result", 'command: ["a"] → ["b"]', 'user: was "app", is gone', 'environment NEW: new, "1"'],
  );
  assert.deepEqual(explainMiss({ base: "x" }, [], record({ base: "y" }), "image"), ["its base image is another one"]);
  assert.ok(explainMiss({ a: "x".repeat(1000) }, [], record({ a: "y" }))[0]!.length < 140);
});

test("of long values it shows the part that differs", () => {
  const [line] = explainMiss({ command: `${"x".repeat(500)} make${" y".repeat(200)}` }, [], record({ command: `${"x".repeat(500)} ninja${" y".repeat(200)}` }));
  assert.match(line!, /^command: "…x+ ninja y[ y]+…" → "…x+ make y[ y]+…"$/);
  assert.match(explainMiss({ a: "x".repeat(200) }, [], record({ a: "x".repeat(201) }))[0]!, /^a: "…x+" → "…x+"$/);
  // What looks like a command and is none keeps its escapes.
  assert.deepEqual(explainMiss({ a: '["\u001b[2J"]' }, [], record({ a: '["\u001b"' })), [`a: ${JSON.stringify('["\u001b"')} → ${JSON.stringify('["\u001b[2J"]')}`]);
});

test("of files it names mode, owner, type and content, and those that came and went", () => {
  const before = [row("same"), row("mode"), row("owner"), row("type"), row("content"), row("link", { type: "symlink" }), row("gone")];
  const now = [row("same"), row("mode", { mode: 0o100755 }), row("owner", { uid: 7 }), row("type", { type: "symlink" }), row("content", { digest: sha256("other") }), row("link", { type: "symlink", digest: sha256("other") }), row("new")];
  assert.deepEqual(explainMiss({ content: "2" }, now, record({ content: "1" }, before)), [
    "mode: mode 0644 → 0755", "owner: owner 0:0 → 7:0", "type: file → symlink", "content: content changed", "link: link target changed", "new: new", "gone: gone",
  ]);
  const many = Array.from({ length: 30 }, (_, index) => row(`f${index}`));
  assert.deepEqual(explainMiss({ content: "2" }, many, record({ content: "1" }, [])).slice(-1), ["and 20 more"]);
});

test("of one file it names all that changed, and what no list of files tells is told in general", () => {
  const before = [row("a"), row("b", { capability: "01" })];
  const now = [row("a", { mode: 0o100755, uid: 3, digest: sha256("other") }), row("b")];
  assert.deepEqual(explainMiss({ content: "2" }, now, record({ content: "1" }, before)), ["a: mode 0644 → 0755", "a: owner 0:0 → 3:0", "a: content changed", "b: capabilities changed"]);
  assert.deepEqual(explainMiss({ content: "2" }, before, record({ content: "1" }, before)), ["what it reads is not the same"]);
});

test("a step is compared with the run that it has most in common with", () => {
  const at = (slot: string, components: Record<string, string>, files?: readonly ContentRow[]): CacheRecord => ({ ...record(components, files), slot });
  const run = (command: string, more: Record<string, string> = {}): Record<string, string> => ({ kind: "run", command, base: "x", ...more });
  // The last run of its place differs in two things, the one before in one.
  const [last, older] = [at("s/0/2/run", run("make", { "environment A": "2", "environment B": "1" })), at("s/0/2/run", run("make", { "environment A": "1", "environment B": "1" }))];
  assert.equal(nearestRecord("s/0/2/run", run("make", { "environment A": "1", "environment B": "2" }), [], [last, older]), older);
  // A line was put in before it: the same command at another place, and not what ran at its place.
  const moved = at("s/0/2/run", run("test"));
  assert.equal(nearestRecord("s/0/3/run", run("test", { base: "y" }), [], [at("s/0/3/run", run("other", { base: "y" })), moved]), moved);
  // Only what ran at its place is compared with another command.
  assert.equal(nearestRecord("s/0/2/run", run("new"), [], [at("s/0/3/run", run("test")), last]), last);
  assert.equal(nearestRecord("s/0/4/run", run("new"), [], [at("s/0/3/run", run("test"))]), undefined);
  // Of two that read files, the one with fewer others.
  const copy = { kind: "COPY", sources: "[]", destination: "/", base: "x" };
  const far = at("s/0/1/copy", { ...copy, content: "1" }, [row("a"), row("gone")]);
  const near = at("s/0/1/copy", { ...copy, content: "2" }, [row("a"), row("b")]);
  assert.equal(nearestRecord("s/0/1/copy", { ...copy, content: "3" }, [row("a"), row("b"), row("c")], [far, near]), near);
  // Also beyond those that are shown.
  const all = Array.from({ length: 40 }, (_, index) => row(`f${index}`));
  const [half, most] = [20, 30].map((count) => at("s/0/1/copy", { ...copy, content: String(count) }, all.slice(0, count)));
  assert.equal(nearestRecord("s/0/1/copy", { ...copy, content: "40" }, all, [half!, most!]), most);
  assert.equal(nearestRecord("s/0/1/copy", copy, [], []), undefined);
});

test("the order of components does not change a key, everything else does", () => {
  assert.equal(keyOf({ a: "1", b: "2" }), keyOf({ b: "2", a: "1" }));
  const components: Record<string, string>[] = [{ a: "1", b: "2" }, { a: "2", b: "1" }, { a: "1" }, { a: "1b2" }, { a1: "b2" }];
  const keys = components.map(keyOf);
  assert.equal(new Set(keys).size, keys.length);
});
