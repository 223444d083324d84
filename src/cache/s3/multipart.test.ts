import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { noS3, S3_LOGIN, startS3Server } from "../../../test/support/s3-server.ts";
import { sha256 } from "../../oci/digest.ts";
import { isFault } from "../../std/fault.ts";
import { objectUrl } from "../../s3/s3-bucket.ts";
import { putInParts } from "./multipart.ts";
import { S3Session } from "../../s3/s3-session.ts";
import { s3Source } from "./s3-source.ts";

const options = (host: string) => ({ bucket: "caches", region: "eu-central-1", endpointUrl: `http://${host}` });
const signal = new AbortController().signal;

test("a large object goes in parts and comes back whole, from any byte on", { skip: noS3 }, async (context) => {
  const { host, folder } = await startS3Server(context);
  await using session = new S3Session(options(host), { name: "s3://caches", environment: S3_LOGIN });
  const bytes = Buffer.concat(Array.from({ length: 12 }, (_, index) => Buffer.alloc(1024 * 1024, createHash("sha256").update(String(index)).digest())));
  const digest = sha256(bytes);
  let last = 0;
  async function* open(start: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
  }
  await putInParts(session, { key: `blobs/${digest}`, size: bytes.length, open, onBytes: (sent) => { last = sent; }, signal }, 5 * 1024 * 1024);
  assert.equal(last, bytes.length);
  assert.equal(sha256(readFileSync(join(folder, "blobs", digest))), digest);
  await using source = s3Source(options(host), { name: "s3://caches", environment: S3_LOGIN });
  for (const start of [0, 7_000_000]) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.blobOpen({ mediaType: "x", digest, size: bytes.length }, { start, signal })) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(bytes.subarray(start)));
  }
});

test("what breaks off is given up", { skip: noS3 }, async (context) => {
  const { host, folder } = await startS3Server(context);
  await using session = new S3Session(options(host), { name: "s3://caches", environment: S3_LOGIN });
  async function* open(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(1000);
    throw new Error("the disk broke");
  }
  await assert.rejects(putInParts(session, { key: "blobs/x", size: 6_000_000, open, onBytes: () => undefined, signal }, 5 * 1024 * 1024), (error) => !isFault(error, "LAYER_CLAIMED"));
  assert.deepEqual(readdirSync(folder).filter((name) => name === "blobs"), []);
});

test("objects are addressed by host or by path", () => {
  const base = { bucket: "b", region: "eu-west-1" };
  assert.equal(objectUrl(base, "a/b:c d").href, "https://b.s3.eu-west-1.amazonaws.com/a/b%3Ac%20d");
  assert.equal(objectUrl({ ...base, usePathStyle: true }, "x").href, "https://s3.eu-west-1.amazonaws.com/b/x");
  assert.equal(objectUrl({ ...base, endpointUrl: "http://minio.example.com:9000/root/" }, "x").href, "http://b.minio.example.com:9000/root/x");
  assert.equal(objectUrl({ ...base, endpointUrl: "http://127.0.0.1:9000" }, "x").href, "http://127.0.0.1:9000/b/x");
});
