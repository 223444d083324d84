import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test, type TestContext } from "node:test";
import { digestBytes, type Digest } from "../../src/oci/digest.ts";
import type { BlobStorage, Upload } from "../../src/server/storage/blob-storage.ts";
import { removeBlob } from "../../src/server/storage/remove-blob.ts";
import { toRegistryError } from "../../src/server/terms/registry-error.ts";
import { isFault } from "../../src/std/fault.ts";
import { startS3Front, type Fate } from "../support/s3-front.ts";
import { s3Place } from "../support/s3-place.ts";
import { noS3, startS3Server, type S3Server } from "../support/s3-server.ts";
import { blobStorageContract } from "./blob-storage-contract.ts";

/** One service for all tests of this file. */
let started: Promise<S3Server> | undefined;
const ends: (() => Promise<void>)[] = [];
after(() => Promise.all(ends.map((end) => end())));
const service = (): Promise<S3Server> => (started ??= startS3Server({ after: (end) => void ends.push(end) }));

if (noS3 === false) {
  blobStorageContract("S3", async (context) => {
    const place = s3Place(context, (await service()).host);
    return { ...(await place.open()), again: async () => (await place.open()).blobs };
  });
}

const s3Test = (title: string, check: (context: TestContext) => Promise<void>): void => void test(title, { skip: noS3 }, check);
const MIB = 1024 * 1024;
const big = randomBytes(12 * MIB + 1234);
const bigDigest = digestBytes(big, "sha256");

s3Test("an upload goes on at another server, in chunks of any size, and one that was killed in the middle of one keeps its parts", async (context) => {
  const place = s3Place(context, (await service()).host, { partSize: "5MiB" });
  const servers = [(await place.open()).blobs, (await place.open()).blobs];
  const { id } = (await servers[0]!.uploads.create("app", "sha256"))!;
  const ends = [100_000, 2 * MIB, 6 * MIB, 7 * MIB, big.length];
  for (const [index, end] of ends.entries()) {
    const upload = (await servers[index % 2]!.uploads.find("app", id))!;
    await work(upload, async () => void (await upload.append(source(big.subarray(upload.size, end)))));
    assert.equal((await servers[(index + 1) % 2]!.uploads.find("app", id))?.size, end);
  }
  await finish(servers[1]!, id, bigDigest);
  assert.deepEqual(await read(servers[0]!, bigDigest), big);

  const killed = (await servers[0]!.uploads.create("app", "sha256"))!;
  const stuck = Promise.withResolvers<void>();
  const parts = Promise.withResolvers<void>();
  void killed.exclusively(async () => {
    for (const part of [big, big]) await killed.append(source(part.subarray(0, 10 * MIB)));
    parts.resolve();
    await stuck.promise; // as if it was stopped: nothing of what it holds in memory gets anywhere
  }).catch(() => undefined);
  await parts.promise;
  const found = (await servers[1]!.uploads.find("app", killed.id))!;
  assert.ok(found.size >= 10 * MIB && found.size % (5 * MIB) === 0, "whole parts are kept");
  assert.equal(await found.exclusively(async () => undefined), "busy");
  await found.cancel();
  stuck.resolve();
});

s3Test("what an upload holds in memory is bounded, and where memory is short everything comes whole all the same", async (context) => {
  const place = s3Place(context, (await service()).host, { partSize: "5MiB", memory: "3MiB" });
  const { blobs } = await place.open();
  const contents = [1, 2].map((index) => big.subarray(index, index + 6 * MIB));
  await Promise.all(contents.map((content) => store(blobs, content)));
  for (const content of contents) assert.deepEqual(await read(blobs, digestBytes(content, "sha256")), content);
});

s3Test("a service that fails now and then, slows down and cuts off is asked again", async (context) => {
  await using front = await startS3Front((await service()).host);
  const place = s3Place(context, front.host, { partSize: "5MiB" });
  const { blobs } = await place.open();
  front.fate = ({ number }): Fate => (number % 3 === 0 ? { status: 503, code: "SlowDown" } : number % 7 === 0 ? { status: 500, code: "InternalError" } : "pass");
  await store(blobs, big);
  let cut = 0;
  front.fate = ({ method }): Fate => (method === "GET" && cut < 3 ? { cutAfter: (cut += 1) * 700_000 } : "pass");
  assert.deepEqual(await read(blobs, bigDigest), big);
  assert.equal(cut, 3);
});

s3Test("what meets something else that happens at the same moment is sent once more, whole", async (context) => {
  await using front = await startS3Front((await service()).host);
  const { blobs } = await s3Place(context, front.host, { partSize: "5MiB" }).open();
  const small = randomBytes(100);
  for (const [content, puts, status, code] of [[small, 1, 409, "ExistingObjectIsDirectory"], [big, 3, 409, "ExistingObjectIsDirectory"], [randomBytes(50), 1, 400, "RequestTimeout"]] as const) {
    let met = 0;
    front.fate = ({ method }): Fate => (method === "PUT" && (met += 1) <= 2 ? { status, code } : "pass");
    await store(blobs, content);
    assert.equal(met, puts + 2);
    assert.deepEqual(await read(blobs, digestBytes(content, "sha256")), content);
  }
  front.fate = ({ method }): Fate => (method === "PUT" ? { status: 409, code: "ObjectParentIsFile" } : "pass");
  await assert.rejects(store(blobs, randomBytes(100)), (error) => isFault(error, "S3_REFUSED") && /409 ObjectParentIsFile/.test(error.message));
  let refused = 0;
  front.fate = ({ method }): Fate => (method === "PUT" && (refused += 1) > 0 ? { status: 400, code: "InvalidRequest" } : "pass");
  await assert.rejects(store(blobs, randomBytes(100)), (error) => isFault(error, "S3_REFUSED") && /400 InvalidRequest/.test(error.message));
  assert.equal(refused, 1, "what is wrong with the request is not sent again");
});

s3Test("while the service is away nothing is lost of an upload that was there, and clients are told to come again", async (context) => {
  await using front = await startS3Front((await service()).host);
  const place = s3Place(context, front.host, { partSize: "5MiB" });
  const problems: Error[] = [];
  const { blobs } = await place.open({ problems });
  const { id } = (await blobs.uploads.create("app", "sha256"))!;
  const append = async (end: number): Promise<void> => {
    const upload = (await blobs.uploads.find("app", id))!;
    await work(upload, async () => void (await upload.append(source(big.subarray(upload.size, end)))));
  };
  await append(6 * MIB);
  front.fate = () => ({ status: 503, code: "ServiceUnavailable" });
  await assert.rejects(append(big.length), (error) => isFault(error, "S3_REFUSED") && toRegistryError(error).status === 503);
  front.fate = () => "pass";
  assert.equal((await blobs.uploads.find("app", id))?.size, 6 * MIB);
  await append(big.length);
  await finish(blobs, id, bigDigest);
  assert.deepEqual(await read(blobs, bigDigest), big);
});

s3Test("a removal that cannot be done now is done later, and what nobody knows is found", async (context) => {
  await using front = await startS3Front((await service()).host);
  const place = s3Place(context, front.host, { partSize: "5MiB" });
  const { blobs, metadata } = await place.open({ problems: [] });
  const content = randomBytes(100);
  const digest = digestBytes(content, "sha256");
  await store(blobs, content);
  const stray = async (): Promise<string[]> => {
    const names: string[] = [];
    for await (const { name } of blobs.strays!()) names.push(name);
    return names;
  };
  await metadata.claimLeftover(digest);
  front.fate = ({ method }): Fate => (method === "DELETE" ? { status: 500, code: "InternalError" } : "pass");
  await assert.rejects(removeBlob({ blobs, metadata }, digest), (error) => isFault(error, "S3_REFUSED"));
  assert.equal(await blobs.size(digest, { fresh: true }), undefined);
  assert.equal((await metadata.condemnedObjects(9)).length, 1);
  assert.deepEqual(await stray(), [], "it waits to be removed");
  const { name } = (await metadata.condemnedObjects(1))[0]!;
  await metadata.forgetCondemned([name]); // as a crash might
  front.fate = () => "pass";
  assert.deepEqual(await stray(), [name]);
  for await (const found of blobs.strays!()) await found.remove();
  assert.deepEqual(await stray(), []);
});

s3Test("a bucket that is not there, keys that are wrong and a service that is down are told apart", async (context) => {
  const { host } = await service();
  const opening = (more: object, environment?: Readonly<Record<string, string>>, at = host) => s3Place(context, at, { ...more }).open({ ...(environment ? { environment } : {}) });
  await assert.rejects(opening({ bucket: "nowhere" }), (error) => isFault(error, "S3_BUCKET_UNUSABLE") && /there is no such bucket/.test(error.message));
  for (const environment of [{ AWS_ACCESS_KEY_ID: "tester", AWS_SECRET_ACCESS_KEY: "wrong-secret" }, { AWS_ACCESS_KEY_ID: "nobody", AWS_SECRET_ACCESS_KEY: "wrong-secret" }]) {
    await assert.rejects(opening({}, environment), (error) => isFault(error, "S3_BUCKET_UNUSABLE") && !`${error.message} ${error.hint} ${JSON.stringify(error.details)}`.includes("wrong-secret"));
  }
  await assert.rejects(opening({}, { HOME: "/nonexistent" }), (error) => isFault(error, "S3_LOGIN_MISSING"));
  await opening({ prefix: "taken/" });
  await assert.rejects(opening({ prefix: "taken/" }), (error) => isFault(error, "S3_BUCKET_UNUSABLE") && /another registry/.test(error.message));
  await assert.rejects(opening({}, undefined, "127.0.0.1:1"), (error) => isFault(error, "S3_UNREACHABLE"));
});

async function store(blobs: BlobStorage, content: Buffer): Promise<void> {
  const digest = digestBytes(content, "sha256");
  const upload = (await blobs.uploads.create("app", "sha256"))!;
  await work(upload, async () => {
    await upload.append(source(content));
    assert.equal(await upload.verify(digest), true);
    await upload.store(digest);
  });
}

async function finish(blobs: BlobStorage, id: string, digest: Digest): Promise<void> {
  const upload = (await blobs.uploads.find("app", id))!;
  await work(upload, async () => {
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

async function read(blobs: BlobStorage, digest: Digest): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await blobs.read(digest, { start: 0, end: (await blobs.size(digest))! - 1 }))!) chunks.push(chunk);
  return Buffer.concat(chunks);
}
