import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sha256, type Digest } from "../oci/digest.ts";
import { fault, isFault } from "../std/fault.ts";
import { temporaryStore } from "../../test/support/temporary-store.ts";
import { openStore, type Store } from "./open-store.ts";

const content = randomBytes(5 * 1024 * 1024);
const digest = sha256(content);
const options = { digest, size: content.length };
const names = (store: Store): string[] => (existsSync(join(store.root, "partial")) ? readdirSync(join(store.root, "partial")) : []);

/** The content from an offset on, up to where it breaks off; remembers what it was asked for. */
function source(bytes: Uint8Array, breaks = Number.POSITIVE_INFINITY, error: Error = new Error("broken")) {
  const starts: number[] = [];
  return {
    starts,
    open: async function* (start: number): AsyncGenerator<Uint8Array> {
      starts.push(start);
      for (let at = start; at < bytes.length; at += 256 * 1024) {
        if (at >= breaks) throw error;
        yield bytes.subarray(at, at + 256 * 1024);
      }
    },
  };
}

test("what was received before an interruption is not asked for again", async (context) => {
  const store = await temporaryStore(context);
  await assert.rejects(store.blobs.resume(source(content, 3 * 1024 * 1024).open, options), /broken/);
  assert.equal(store.blobs.has(digest), false);
  const second = source(content);
  const { start } = await store.blobs.resume(second.open, options);
  assert.deepEqual([start, second.starts], [3 * 1024 * 1024, [3 * 1024 * 1024]]);
  assert.ok(readFileSync(store.blobs.path(digest)).equals(content));
  assert.deepEqual(names(store), []);
});

test("it survives the process that received it, killed or not", async (context) => {
  const store = await temporaryStore(context);
  const first = await openStore(store.root);
  await assert.rejects(first.blobs.resume(source(content, 2 * 1024 * 1024).open, options));
  await first.close();
  // A killed process leaves the file in the folder of its lease, which has no row any more.
  const dead = join(store.root, "tmp", "999");
  mkdirSync(dead);
  writeFileSync(join(dead, `partial-${digest.replace(":", "-")}-7`), content.subarray(0, 4 * 1024 * 1024));
  writeFileSync(join(dead, "layer-1"), "rubbish");
  const second = await openStore(store.root);
  context.after(() => second.close());
  const rest = source(content);
  assert.equal((await second.blobs.resume(rest.open, options)).start, 4 * 1024 * 1024, "the longer one was kept");
});

test("bytes that are not those of the blob are dropped, and the blob is received anew", async (context) => {
  const store = await temporaryStore(context);
  const damaged = Buffer.from(content);
  damaged[0]! ^= 1;
  await assert.rejects(store.blobs.resume(source(damaged, 3 * 1024 * 1024).open, options));
  const second = source(content);
  const { start } = await store.blobs.resume(second.open, options);
  assert.deepEqual([start, second.starts], [0, [3 * 1024 * 1024, 0]]);
  assert.ok(readFileSync(store.blobs.path(digest)).equals(content));
});

test("a source that has no such offset is asked from the beginning", async (context) => {
  const store = await temporaryStore(context);
  await assert.rejects(store.blobs.resume(source(content, 2 * 1024 * 1024).open, options));
  const whole = source(content);
  const open = (start: number): AsyncIterable<Uint8Array> => {
    if (start > 0) throw fault("REGISTRY_REFUSED", { host: "h", status: 416, request: "GET" });
    return whole.open(start);
  };
  assert.equal((await store.blobs.resume(open, options)).start, 0);
});

test("content that is wrong from the beginning is a mismatch, and nothing is left of it", async (context) => {
  const store = await temporaryStore(context);
  await assert.rejects(store.blobs.resume(source(randomBytes(content.length)).open, options), (error) => isFault(error, "BLOB_MISMATCH"));
  await assert.rejects(store.blobs.resume(source(content.subarray(0, 2_000_000)).open, options), (error) => isFault(error, "BLOB_MISMATCH"));
  await assert.rejects(store.blobs.resume(source(Buffer.concat([content, content])).open, options), (error) => isFault(error, "BLOB_MISMATCH"));
  assert.deepEqual(names(store), []);
});

test("on a full disk what was received does not stay in the way, and little is not worth keeping", async (context) => {
  const store = await temporaryStore(context);
  await assert.rejects(store.blobs.resume(source(content, 3 * 1024 * 1024, fault("DISK_FULL", { path: "/x" })).open, options));
  await assert.rejects(store.blobs.resume(source(content, 512 * 1024).open, options));
  assert.deepEqual(names(store), []);
});

test("only so many are kept, and none for ever", async (context) => {
  const store = await temporaryStore(context);
  const folder = join(store.root, "partial");
  for (let at = 0; at < 20; at += 1) {
    const other = randomBytes(1_500_000 + at);
    await assert.rejects(store.blobs.resume(source(other, 1_300_000).open, { digest: sha256(other), size: other.length }));
  }
  assert.equal(names(store).length, 16);
  const [old, ...young] = names(store);
  utimesSync(join(folder, old!), new Date("2020-01-01"), new Date("2020-01-01"));
  await store.collect();
  assert.deepEqual(names(store), young);
  for (const name of young) assert.ok(statSync(join(folder, name)).size >= 1024 * 1024);
});

test("it is known how much is kept, and all of it can be dropped", async (context) => {
  const store = await temporaryStore(context);
  await assert.rejects(store.blobs.resume(source(content, 3 * 1024 * 1024).open, options));
  assert.equal(store.partials.bytes(), 3 * 1024 * 1024);
  await store.keepWithin(2 * 1024 * 1024);
  assert.equal(store.partials.bytes(), 0, "a cap counts it and drops it first");
  await assert.rejects(store.blobs.resume(source(content, 3 * 1024 * 1024).open, options));
  assert.equal(store.partials.drop(), 3 * 1024 * 1024);
  assert.deepEqual(names(store), []);
});

test("two writers of the same blob do not write to the same file", async (context) => {
  const store = await temporaryStore(context);
  const results = await Promise.all([store.blobs.resume(source(content).open, options), store.blobs.resume(source(content).open, options)]);
  assert.deepEqual(results.map(({ digest: each }): Digest => each), [digest, digest]);
});
