import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf, scratchRegistry } from "../../../test/support/scratch-registry.ts";

const content = Buffer.from(Array.from({ length: 2000 }, (_, index) => index % 251));

test("HEAD gives length and digest without a body, GET the bytes", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", content);
  const head = await registry.request("HEAD", `/v2/app/blobs/${digest}`);
  assert.deepEqual([head.status, head.headers["content-length"], head.headers["docker-content-digest"], head.body.length], [200, "2000", digest, 0]);
  const get = await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { "Accept-Encoding": "gzip, br, zstd" } });
  assert.deepEqual([get.status, get.headers["content-encoding"], get.body], [200, undefined, content]);
});

test("a blob that takes several reads arrives whole, and any part of it", async (context) => {
  const registry = await scratchRegistry(context);
  const large = Buffer.alloc(3_333_333, Buffer.from(Array.from({ length: 997 }, (_, index) => index % 256)));
  const digest = await registry.pushBlob("app", large);
  assert.equal(digestOf((await registry.request("GET", `/v2/app/blobs/${digest}`)).body), digest);
  const part = await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: "bytes=100-2900000" } });
  assert.equal(digestOf(part.body), digestOf(large.subarray(100, 2_900_001)));
});

test("ranges give 206 with the part", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", content);
  for (const [range, start, end] of [["500-1499", 500, 1499], ["500-", 500, 1999], ["-500", 1500, 1999], ["1000-5000", 1000, 1999], ["0-0", 0, 0]] as const) {
    const part = await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: `bytes=${range}` } });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers["content-range"], `bytes ${start}-${end}/2000`);
    assert.equal(part.headers["content-length"], String(end - start + 1));
    assert.deepEqual(part.body, content.subarray(start, end + 1));
  }
});

test("ranges outside the blob give 416 with its size", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", content);
  for (const range of ["500-0", "2000-", "2000-5000"]) {
    const refused = await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: `bytes=${range}` } });
    assert.deepEqual([refused.status, refused.headers["content-range"], refused.code()], [416, "bytes */2000", "RANGE_INVALID"], range);
  }
});

test("If-None-Match gives 304, and If-Range of another version the whole blob", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", content);
  assert.equal((await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { "If-None-Match": `"${digest}"` } })).status, 304);
  assert.equal((await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: "bytes=0-1", "If-Range": '"x"' } })).status, 200);
  assert.equal((await registry.request("GET", `/v2/app/blobs/${digest}`, { headers: { Range: "bytes=0-1", "If-Range": `"${digest}"` } })).status, 206);
});

test("a blob is only seen in repositories that hold it", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", content);
  await registry.pushBlob("other", "x");
  for (const name of ["other", "unknown"]) assert.equal((await registry.request("GET", `/v2/${name}/blobs/${digest}`)).code(), "BLOB_UNKNOWN");
});

test("a deleted blob is gone at once, its bytes with its last repository", async (context) => {
  const registry = await scratchRegistry(context);
  const digest = await registry.pushBlob("app", content);
  await registry.pushBlob("other", content);
  const files = (): string[] => readdirSync(join(registry.root, "blobs", "sha256"));
  assert.equal((await registry.request("DELETE", `/v2/app/blobs/${digest}`)).status, 202);
  assert.equal((await registry.request("HEAD", `/v2/app/blobs/${digest}`)).status, 404);
  assert.equal((await registry.request("DELETE", `/v2/app/blobs/${digest}`)).code(), "BLOB_UNKNOWN");
  assert.equal((await registry.request("GET", `/v2/other/blobs/${digest}`)).status, 200);
  assert.equal(files().length, 1);
  assert.equal((await registry.request("DELETE", `/v2/other/blobs/${digest}`)).status, 202);
  assert.deepEqual(files(), []);
  await registry.pushBlob("app", content);
  assert.deepEqual((await registry.request("GET", `/v2/app/blobs/${digest}`)).body, content);
});

test("a malformed digest is refused with 400", async (context) => {
  const registry = await scratchRegistry(context);
  await registry.pushBlob("app", content);
  for (const digest of ["sha256:baddigeststring", "sha256:..", "..", "sha384:00", "x"]) {
    for (const method of ["GET", "DELETE"]) assert.equal((await registry.request(method, `/v2/app/blobs/${digest}`)).code(), "DIGEST_INVALID", digest);
  }
});
