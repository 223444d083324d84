import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test, type TestContext } from "node:test";
import { digestBytes, type Digest } from "../../src/oci/digest.ts";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import { removeBlob } from "../../src/server/storage/remove-blob.ts";
import type { BlobStorage, Upload } from "../../src/server/storage/blob-storage.ts";

/** Where one test keeps its blobs. */
export interface BlobPlace {
  readonly blobs: BlobStorage;
  /** The same blobs, as another process has them. */
  again(): Promise<BlobStorage>;
  /** Where their places are remembered, when the driver does not do that. */
  readonly metadata?: Metadata;
}

/** What every driver of {@link BlobStorage} has to hold. `open` gives a storage of its own. */
export function blobStorageContract(driver: string, open: (context: TestContext) => Promise<BlobPlace>): void {
  const contract = (title: string, check: (blobs: BlobStorage, again: () => Promise<BlobStorage>, remove: (digest: Digest) => Promise<void>) => Promise<void>): void =>
    void test(`${driver}: ${title}`, async (context) => {
      const { blobs, again, metadata } = await open(context);
      await check(blobs, again, (digest) => remove(blobs, digest, metadata));
    });

  for (const algorithm of ["sha256", "sha512"] as const) {
    for (const size of [0, 1, 70_000, 3_333_333]) {
      contract(`${size} bytes come back whole, by their ${algorithm}, and by part`, async (blobs) => {
        const content = randomBytes(size);
        const digest = digestBytes(content, algorithm);
        await store(blobs, content, digest, algorithm);
        assert.equal(await blobs.size(digest), size);
        assert.equal(await blobs.size(digest, { fresh: true }), size);
        assert.equal(digestBytes(await read(blobs, digest, 0, size - 1), algorithm), digest);
        const [start, end] = [Math.floor(size / 3), Math.max(0, Math.floor(size / 2) - 1)];
        if (size > 1) assert.deepEqual(await read(blobs, digest, start, end), content.subarray(start, end + 1));
      });
    }
  }

  contract("what is not there has no size and no bytes, and may be deleted", async (blobs, _again, drop) => {
    const digest = digestBytes("missing", "sha256");
    assert.equal(await blobs.size(digest), undefined);
    assert.equal(await blobs.read(digest, { start: 0, end: 6 }), undefined);
    await drop(digest);
  });

  contract("a range beyond the end has no bytes", async (blobs) => {
    const content = randomBytes(100_000);
    const digest = digestBytes(content, "sha256");
    await store(blobs, content, digest);
    assert.equal(await blobs.read(digest, { start: 0, end: 100_000 }), undefined);
  });

  contract("a deleted blob is gone, and can be stored again", async (blobs, _again, drop) => {
    const content = randomBytes(1000);
    const digest = digestBytes(content, "sha256");
    await store(blobs, content, digest);
    await read(blobs, digest, 0, 999);
    await drop(digest);
    assert.equal(await blobs.size(digest), undefined);
    assert.equal(await blobs.read(digest, { start: 0, end: 999 }), undefined);
    await store(blobs, content, digest);
    assert.deepEqual(await read(blobs, digest, 0, 999), content);
  });

  contract("everything stored is listed, unfinished uploads are not", async (blobs) => {
    const contents = [randomBytes(10), randomBytes(20)];
    for (const content of contents) await store(blobs, content, digestBytes(content, "sha256"));
    await store(blobs, contents[0]!, digestBytes(contents[0]!, "sha512"), "sha512");
    const upload = (await blobs.uploads.create("app", "sha256"))!;
    await work(upload, async () => void (await upload.append(source(randomBytes(30)))));
    const listed: { digest: Digest; size: number; changed: number }[] = [];
    for await (const item of blobs.list()) listed.push(item);
    assert.deepEqual(
      listed.map(({ digest, size }) => [digest, size]).sort(),
      [[digestBytes(contents[0]!, "sha256"), 10], [digestBytes(contents[1]!, "sha256"), 20], [digestBytes(contents[0]!, "sha512"), 10]].sort(),
    );
    assert.ok(listed.every(({ changed }) => Math.abs(changed - Date.now()) < 60_000));
    await upload.cancel();
  });

  contract("an upload grows by parts, and belongs to its repository", async (blobs) => {
    const upload = (await blobs.uploads.create("app", "sha256"))!;
    assert.equal(await blobs.uploads.find("other", upload.id), undefined);
    assert.equal(await blobs.uploads.find("app", "unknown"), undefined);
    assert.equal((await blobs.uploads.find("app", upload.id))?.id, upload.id);
    await work(upload, async () => assert.equal(await upload.append(source(Buffer.from("hello "))), true));
    await work(upload, async () => assert.equal(await upload.append(source(Buffer.from("world, and more")), 5), false));
    assert.equal(upload.size, 6);
    await work(upload, async () => assert.equal(await upload.append(source(Buffer.from("world")), 5), true));
    await work(upload, async () => {
      assert.equal(await upload.verify(digestBytes("hello", "sha256")), false);
      assert.equal(await upload.verify(digestBytes("hello world", "sha256")), true);
      await upload.store(digestBytes("hello world", "sha256"));
    });
    assert.equal(await blobs.uploads.find("app", upload.id), undefined);
    assert.equal(await upload.exclusively(async () => undefined), "gone");
  });

  contract("a source that breaks off leaves what came until then; a cancelled upload leaves nothing", async (blobs) => {
    const upload = (await blobs.uploads.create("app", "sha256"))!;
    const breaking = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from("hello ");
      throw new Error("the client left");
    };
    await assert.rejects(work(upload, async () => void (await upload.append(breaking()))), /the client left/);
    assert.equal(upload.size, 6);
    await work(upload, () => upload.cancel());
    assert.equal(await blobs.uploads.find("app", upload.id), undefined);
  });

  contract("a digest of another algorithm than was announced is verified too", async (blobs) => {
    const content = randomBytes(1_500_000);
    await store(blobs, content, digestBytes(content, "sha512"), "sha256");
    assert.equal(await blobs.size(digestBytes(content, "sha512")), content.length);
  });

  contract("one request at a time works on an upload", async (blobs) => {
    const upload = (await blobs.uploads.create("app", "sha256"))!;
    const order: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = upload.exclusively(async () => {
      await promise;
      order.push("first");
    });
    const second = upload.exclusively(async () => void order.push("second"));
    resolve();
    assert.deepEqual([await first, await second, order], ["done", "done", ["first", "second"]]);
  });

  contract("the same blob by many clients at the same time is stored once", async (blobs) => {
    const content = randomBytes(300_000);
    const digest = digestBytes(content, "sha256");
    await Promise.all(Array.from({ length: 8 }, () => store(blobs, content, digest)));
    assert.deepEqual(await read(blobs, digest, 0, content.length - 1), content);
  });

  contract("what was stored is there when it is opened again", async (blobs, again) => {
    const content = randomBytes(200_000);
    const digest = digestBytes(content, "sha256");
    await store(blobs, content, digest);
    const other = await again();
    assert.deepEqual(await read(other, digest, 0, content.length - 1), content);
  });
}

async function store(blobs: BlobStorage, content: Buffer, digest: Digest, algorithm: "sha256" | "sha512" = "sha256"): Promise<void> {
  const upload = (await blobs.uploads.create("app", algorithm))!;
  await work(upload, async () => {
    await upload.append(source(content));
    assert.equal(await upload.verify(digest), true);
    await upload.store(digest);
  });
}

async function work(upload: Upload, task: () => Promise<void>): Promise<void> {
  assert.equal(await upload.exclusively(task), "done");
}

async function* source(content: Buffer): AsyncIterable<Uint8Array> {
  for (let start = 0; start < content.length; start += 65_536) yield content.subarray(start, start + 65_536);
}

async function read(blobs: BlobStorage, digest: Digest, start: number, end: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of (await blobs.read(digest, { start, end }))!) {
    assert.ok(chunk.length <= 1024 * 1024);
    chunks.push(Buffer.from(chunk)); // its buffer is used again
  }
  return Buffer.concat(chunks);
}

async function remove(blobs: BlobStorage, digest: Digest, metadata: Metadata | undefined): Promise<void> {
  if (metadata) {
    await metadata.claimLeftover(digest);
    return void (await removeBlob({ blobs, metadata }, digest));
  }
  const removal = blobs.removal(digest);
  removal.takeAway();
  await removal.free();
}
