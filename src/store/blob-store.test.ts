import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { streamOf, temporaryStore } from "../../test/support/temporary-store.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import type { Store } from "./open-store.ts";

async function collectBytes(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function unfinished(store: Store): string[] {
  return readdirSync(store.temporary);
}

test("a blob is read back as it was written, from any offset, whatever the chunks were", async (context) => {
  const store = await temporaryStore(context);
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 8 }), fc.nat(6000), async (chunks, start) => {
    const whole = Buffer.concat(chunks);
    const source = async function* (): AsyncGenerator<Uint8Array> { yield* chunks; };
    const { digest, size } = await store.blobs.write(source());
    assert.equal(digest, sha256(whole));
    assert.equal(size, whole.length);
    assert.equal(store.blobs.size(digest), whole.length);
    assert.deepEqual(await collectBytes(store.blobs.read(digest, { start })), whole.subarray(start));
    assert.deepEqual(Buffer.from(store.blobs.readBytes(digest, 1e6)), whole);
  }), { numRuns: 50 });
  assert.deepEqual(unfinished(store), []);
});

test("a blob larger than the write buffer is whole", async (context) => {
  const store = await temporaryStore(context);
  const piece = Buffer.alloc(700_000, 3);
  const source = async function* (): AsyncGenerator<Uint8Array> { for (let i = 0; i < 7; i += 1) yield piece; };
  let counted = 0;
  const { digest } = await store.blobs.write(source(), { onBytes: (count) => { counted += count; } });
  assert.equal(counted, 4_900_000);
  assert.equal(sha256(readFileSync(store.blobs.path(digest))), digest);
});

test("content with another digest or size than promised is refused and nothing of it is kept", async (context) => {
  const store = await temporaryStore(context);
  const wrong = sha256("something else");
  for (const options of [{ digest: wrong }, { size: 4 }, { size: 6 }]) {
    await assert.rejects(store.blobs.write(streamOf("hello"), options), (error) => isFault(error, "BLOB_MISMATCH"));
  }
  assert.ok(!store.blobs.has(wrong));
  assert.ok(!store.blobs.has(sha256("hello")));
  assert.deepEqual(unfinished(store), []);
});

test("a source that fails half-way leaves nothing, and its error comes through", async (context) => {
  const store = await temporaryStore(context);
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(3_000_000);
    throw new Error("connection lost");
  };
  await assert.rejects(store.blobs.write(source()), /connection lost/);
  const controller = new AbortController();
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      yield Buffer.alloc(1000);
      controller.abort();
    }
  };
  await assert.rejects(store.blobs.write(endless(), { signal: controller.signal }), { name: "AbortError" });
  assert.deepEqual(unfinished(store), []);
});

test("sha512 blobs have a folder of their own", async (context) => {
  const store = await temporaryStore(context);
  const digest = `sha512:${"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"}` as Digest;
  await store.blobs.write(streamOf(""), { digest });
  assert.ok(existsSync(join(store.root, "blobs", "sha512", digest.slice(7))));
});

test("a finished file is taken over by renaming it", async (context) => {
  const store = await temporaryStore(context);
  const file = join(store.temporary, "packed");
  writeFileSync(file, "layer");
  store.blobs.adopt(file, sha256("layer"), 5);
  assert.ok(!existsSync(file));
  assert.equal(Buffer.from(store.blobs.readBytes(sha256("layer"), 10)).toString(), "layer");
});

test("reading what is missing or too large is a fault", async (context) => {
  const store = await temporaryStore(context);
  assert.throws(() => store.blobs.readBytes(sha256("x"), 10), (error) => isFault(error, "BLOB_MISSING"));
  await assert.rejects(collectBytes(store.blobs.read(sha256("x"))), (error) => isFault(error, "BLOB_MISSING"));
  const digest = store.blobs.writeBytes(Buffer.alloc(11));
  assert.throws(() => store.blobs.readBytes(digest, 10), (error) => isFault(error, "BLOB_TOO_LARGE"));
  store.blobs.delete(digest);
  assert.ok(!store.blobs.has(digest));
  assert.ok(!existsSync(store.blobs.path(digest)));
});

test("the folders are those of an OCI image layout", async (context) => {
  const store = await temporaryStore(context);
  const digest = store.blobs.writeBytes(Buffer.from("x"));
  assert.equal(store.blobs.path(digest), join(store.root, "blobs", "sha256", digest.slice(7)));
  assert.deepEqual(JSON.parse(readFileSync(join(store.root, "oci-layout"), "utf8")), { imageLayoutVersion: "1.0.0" });
});
