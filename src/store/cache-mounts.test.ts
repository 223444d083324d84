import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { AcquireOptions, HeldCacheMount } from "./cache-mounts.ts";
import { openStore, type Store } from "./open-store.ts";

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-caches-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function acquire(store: Store, sharing: AcquireOptions["sharing"], more: Partial<AcquireOptions> = {}): Promise<HeldCacheMount> {
  return store.cacheMounts.acquire({
    name: "/c", seed: "", description: "a step", signal: AbortSignal.timeout(20_000), sharing, fill: (folder) => mkdirSync(join(folder, "fs")), ...more,
  });
}

test("shared ones are used together, locked ones wait, private ones get another", async (context) => {
  const root = temporaryFolder(context);
  await using store = await openStore(root);
  await using other = await openStore(root);
  const first = await acquire(store, "shared");
  const second = await acquire(other, "shared");
  assert.deepEqual([first.isNew, second.isNew, second.number], [true, false, first.number]);
  const apart = await acquire(other, "private");
  assert.notEqual(apart.number, first.number);
  const waited = Promise.withResolvers<void>();
  const locked = acquire(store, "locked", { onWait: waited.resolve });
  await waited.promise;
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  using held = await locked;
  assert.equal(held.number, first.number);
  const order: string[] = [];
  const sharing = acquire(other, "shared", { onWait: () => order.push("waits") }).then((use) => void (order.push("has it"), use[Symbol.dispose]()));
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual(order, ["waits"]);
  held[Symbol.dispose]();
  await sharing;
  assert.deepEqual(order, ["waits", "has it"]);
  apart[Symbol.dispose]();
});

test("other names and other seeds are other caches", async (context) => {
  await using store = await openStore(temporaryFolder(context));
  const numbers = [];
  for (const more of [{}, { name: "/d" }, { seed: "755 1:1" }, {}]) {
    using use = await acquire(store, "locked", more);
    numbers.push(use.number);
  }
  assert.deepEqual(numbers, [1, 2, 3, 1]);
  assert.deepEqual(store.cacheMounts.list().map(({ name, seed, inUse }) => [name, seed, inUse]).sort(), [["/c", "", false], ["/c", "755 1:1", false], ["/d", "", false]]);
});

test("a cache that could not be made is none, and closing the store lets go of what it used", async (context) => {
  const root = temporaryFolder(context);
  const store = await openStore(root);
  await assert.rejects(acquire(store, "shared", { fill: (folder) => { writeFileSync(join(folder, "half"), ""); throw new Error("no"); } }), /no/);
  assert.deepEqual(store.cacheMounts.list(), []);
  await acquire(store, "locked");
  assert.equal(store.cacheMounts.list()[0]!.inUse, true);
  await assert.rejects(acquire(store, "locked", { signal: AbortSignal.abort(new Error("enough")) }), /enough/);
  await store.close();
  await using again = await openStore(root);
  assert.equal(again.cacheMounts.list()[0]!.inUse, false);
  assert.deepEqual(readdirSync(join(root, "cache-mounts")), ["2"], "the half of one is gone");
});

test("collection takes caches that are chosen, measured ones by size, and never one in use", async (context) => {
  await using store = await openStore(temporaryFolder(context));
  using used = await acquire(store, "shared");
  const { path } = await acquire(store, "shared", { name: "/d" }).then((use) => (use[Symbol.dispose](), use));
  writeFileSync(join(path, "file"), "x".repeat(1000));
  writeFileSync(join(used.path, "file"), "x".repeat(500));
  const { mounts, cache, kept } = await store.diskUsage();
  assert.deepEqual(mounts.map(({ name, size, inUse }) => [name, size, inUse]), [["/c", 500, true], ["/d", 1000, false]]);
  assert.deepEqual([cache.count, cache.active, kept.inUse, kept.cache], [2, 1, 500, 1000]);
  const { chooseEvictions } = await import("./evict.ts");
  const removed = await store.collect({ evict: (contents) => chooseEvictions(contents, { keep: { of: "cache", bytes: 0 } }) });
  assert.deepEqual([removed.mounts, removed.mountBytes], [1, 1000]);
  assert.ok(!existsSync(path) && existsSync(used.path));
});
