import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mediaType } from "../../oci/media-type.ts";
import { described, digestOf, imageManifest, scratchRegistry } from "../../../test/support/scratch-registry.ts";

test("a manifest is stored byte for byte and found by tag and digest", async (context) => {
  const registry = await scratchRegistry(context);
  const config = await registry.pushBlob("app", "{}");
  const bytes = `{\t"schemaVersion" : 2,\n "config":{"mediaType":"application/x","digest":"${config}","size":2},"layers":[],"\u00fc":"\\u00fc"}\r\n `;
  const put = await registry.request("PUT", "/v2/app/manifests/v1", { body: bytes, headers: { "Content-Type": `${mediaType.ociManifest}; charset=utf-8` } });
  const digest = digestOf(bytes);
  assert.deepEqual([put.status, put.headers["docker-content-digest"], put.headers.location], [201, digest, `/v2/app/manifests/${digest}`]);
  for (const reference of ["v1", digest]) {
    const get = await registry.request("GET", `/v2/app/manifests/${reference}`);
    assert.deepEqual([get.status, get.headers["content-type"], get.headers["docker-content-digest"], get.body.toString()], [200, mediaType.ociManifest, digest, bytes]);
    const head = await registry.request("HEAD", `/v2/app/manifests/${reference}`);
    assert.deepEqual([head.status, head.headers["content-length"], head.headers["content-type"], head.body.length], [200, String(Buffer.byteLength(bytes)), mediaType.ociManifest, 0]);
  }
});

test("a manifest is pushed by digest, sha512 too, and may get tags on the way", async (context) => {
  const registry = await scratchRegistry(context);
  const config = await registry.pushBlob("app", "{}");
  const document = imageManifest({ config: described(config, 2), layers: [] });
  for (const algorithm of ["sha256", "sha512"] as const) {
    const digest = digestOf(JSON.stringify(document), algorithm);
    const put = await registry.pushManifest("app", `${digest}?tag=a-${algorithm}&tag=b-${algorithm}`, document);
    assert.deepEqual([put.status, put.headers["docker-content-digest"], put.headers["oci-tag"]], [201, digest, `a-${algorithm}, b-${algorithm}`]);
    assert.equal((await registry.request("GET", `/v2/app/manifests/b-${algorithm}`)).headers["docker-content-digest"], digest);
  }
  assert.equal((await registry.pushManifest("app", digestOf("another"), document)).code(), "DIGEST_INVALID");
});

test("a manifest that names missing content is refused with MANIFEST_BLOB_UNKNOWN", async (context) => {
  const registry = await scratchRegistry(context);
  const config = await registry.pushBlob("app", "{}");
  const missing = digestOf("missing");
  const refused = await registry.pushManifest("app", "v1", imageManifest({ config: described(config, 2), layers: [described(missing, 7)] }));
  assert.deepEqual([refused.status, refused.code()], [400, "MANIFEST_BLOB_UNKNOWN"]);
  assert.match(refused.body.toString(), new RegExp(missing));
  assert.equal((await registry.pushManifest("other", "v1", imageManifest({ config: described(config, 2), layers: [] }))).code(), "MANIFEST_BLOB_UNKNOWN");
  const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [described(missing, 7, mediaType.ociManifest)] };
  assert.equal((await registry.pushManifest("app", "v1", index)).code(), "MANIFEST_BLOB_UNKNOWN");
  assert.equal((await registry.request("GET", "/v2/app/manifests/v1")).code(), "MANIFEST_UNKNOWN");
});

test("a manifest that is sent again by its digest is refused where the bytes of something that it names are lost, until they are pushed again", async (context) => {
  const root = mkdtempSync(join(tmpdir(), "sampan-registry-lost-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const first = await scratchRegistry(context, { root });
  const { digest, layer } = await first.pushImage("app", "v1", "bytes to lose");
  await first.server.close();
  const file = readdirSync(join(root, "blobs"), { recursive: true, encoding: "utf8" }).find((path) => path.endsWith(layer.slice("sha256:".length)))!;
  rmSync(join(root, "blobs", file));
  const registry = await scratchRegistry(context, { root });
  const document = JSON.parse((await registry.request("GET", "/v2/app/manifests/v1")).body.toString()) as object;
  const refused = await registry.pushManifest("app", digest, document);
  assert.deepEqual([refused.status, refused.code()], [400, "MANIFEST_BLOB_UNKNOWN"]);
  assert.match(refused.body.toString(), new RegExp(layer));
  assert.ok(registry.problems.some(({ message }) => message.includes(`the bytes of app@${layer} are missing`)));
  await registry.pushBlob("app", "bytes to lose");
  assert.equal((await registry.pushManifest("app", digest, document)).status, 201);
});

test("sparse indexes, and sparse manifests, are accepted where the settings say so", async (context) => {
  const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [described(digestOf("missing"), 7, mediaType.ociManifest)] };
  const image = imageManifest({ config: described(digestOf("missing"), 7), layers: [] });
  const some = await scratchRegistry(context, { settings: { sparse: "indexes" } });
  assert.deepEqual([(await some.pushManifest("app", "v1", index)).status, (await some.pushManifest("app", "v2", image)).status], [201, 400]);
  const all = await scratchRegistry(context, { settings: { sparse: "manifests" } });
  assert.deepEqual([(await all.pushManifest("app", "v1", index)).status, (await all.pushManifest("app", "v2", image)).status], [201, 201]);
});

test("layers that live elsewhere, nested and empty indexes and unknown fields are accepted", async (context) => {
  const registry = await scratchRegistry(context);
  const { digest } = await registry.pushImage("app", "v1");
  const elsewhere = described(digestOf("elsewhere"), 9, "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip");
  const config = await registry.pushBlob("app", "{}");
  const documents = [
    imageManifest({ config: { ...described(config, 2), data: "e30=" }, layers: [elsewhere], "org.example": [1] }),
    { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [] },
    { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [described(digest, 1, mediaType.ociManifest)], subject: described(digestOf("missing"), 1) },
  ];
  for (const document of documents) assert.equal((await registry.pushManifest("app", "x", document)).status, 201);
  const inner = digestOf(JSON.stringify(documents[2]));
  assert.equal((await registry.pushManifest("app", "nested", { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [described(inner, 1, mediaType.ociIndex)] })).status, 201);
});

test("a manifest of 4 MiB is accepted, a larger one than the limit gets 413", async (context) => {
  const registry = await scratchRegistry(context, { settings: { manifestLimit: 5 * 1024 * 1024 } });
  const config = await registry.pushBlob("app", "{}");
  const sized = (size: number): object => imageManifest({ config: described(config, 2), layers: [], annotations: { x: "y".repeat(size) } });
  assert.equal((await registry.pushManifest("app", "large", sized(4 * 1024 * 1024))).status, 201);
  assert.equal((await registry.request("GET", "/v2/app/manifests/large")).body.length, Buffer.byteLength(JSON.stringify(sized(4 * 1024 * 1024))));
  const refused = await registry.pushManifest("app", "larger", sized(5 * 1024 * 1024));
  assert.deepEqual([refused.status, refused.code()], [413, "SIZE_INVALID"]);
  const streamed = await registry.pushManifest("app", "larger", sized(5 * 1024 * 1024), { "Transfer-Encoding": "chunked" });
  assert.deepEqual([streamed.status, streamed.code()], [413, "SIZE_INVALID"]);
});

test("schema 1 and nonsense are refused with MANIFEST_INVALID", async (context) => {
  const registry = await scratchRegistry(context);
  const schema1 = { schemaVersion: 1, mediaType: "application/vnd.docker.distribution.manifest.v1+prettyjws", fsLayers: [] };
  assert.equal((await registry.pushManifest("app", "v1", schema1)).code(), "MANIFEST_INVALID");
  for (const body of ["", "null", "{}", "[]", "{", "\0"]) {
    const refused = await registry.request("PUT", "/v2/app/manifests/v1", { body, headers: { "Content-Type": mediaType.ociManifest } });
    assert.deepEqual([refused.status, refused.code()], [400, "MANIFEST_INVALID"], body);
  }
});

test("a tag moves, deleting it keeps the manifest, deleting the manifest removes its tags", async (context) => {
  const registry = await scratchRegistry(context);
  const first = await registry.pushImage("app", "latest", "one");
  await registry.pushImage("app", "old", "one");
  const second = await registry.pushImage("app", "latest", "two");
  assert.equal((await registry.request("HEAD", "/v2/app/manifests/latest")).headers["docker-content-digest"], second.digest);
  assert.equal((await registry.request("DELETE", "/v2/app/manifests/latest")).status, 202);
  assert.equal((await registry.request("GET", "/v2/app/manifests/latest")).code(), "MANIFEST_UNKNOWN");
  assert.equal((await registry.request("HEAD", `/v2/app/manifests/${second.digest}`)).status, 200);
  assert.equal((await registry.request("DELETE", `/v2/app/manifests/${first.digest}`)).status, 202);
  assert.deepEqual((await registry.request("GET", "/v2/app/tags/list")).json(), { name: "app", tags: [] });
  for (const reference of [first.digest, "old", "latest"]) {
    assert.equal((await registry.request("DELETE", `/v2/app/manifests/${reference}`)).code(), "MANIFEST_UNKNOWN");
    assert.equal((await registry.request("HEAD", `/v2/app/manifests/${reference}`)).status, 404);
  }
});

test("tags pushed while their manifest is deleted never name a missing manifest", async (context) => {
  const registry = await scratchRegistry(context);
  const config = await registry.pushBlob("app", "{}");
  const document = imageManifest({ config: described(config, 2), layers: [] });
  const digest = digestOf(JSON.stringify(document));
  for (let round = 0; round < 10; round += 1) {
    await Promise.all(Array.from({ length: 12 }, (_, index) => (index % 4 === 3 ? registry.request("DELETE", `/v2/app/manifests/${digest}`) : registry.pushManifest("app", `t${index}`, document))));
    const { tags } = (await registry.request("GET", "/v2/app/tags/list")).json() as { tags: string[] };
    for (const tag of tags) assert.equal((await registry.request("HEAD", `/v2/app/manifests/${tag}`)).status, 200, tag);
  }
});

test("malformed references are refused with 400, never 500", async (context) => {
  const registry = await scratchRegistry(context);
  await registry.pushImage("app", "v1");
  for (const reference of ["sha256:baddigeststring", ".hidden", "-x", "a".repeat(129), "..%5cx", "x%0d%0ay", "x%00", "..%2fevil", "%e4", "x%20y", "sha256:"]) {
    for (const method of ["GET", "HEAD", "DELETE"]) assert.equal((await registry.request(method, `/v2/app/manifests/${reference}`)).status, 400, reference);
    assert.equal((await registry.pushManifest("app", reference, { schemaVersion: 2, manifests: [] })).status, 400, reference);
  }
  assert.deepEqual(registry.problems, []);
});

test("what was pushed is there after a restart", async (context) => {
  const registry = await scratchRegistry(context);
  const { digest, layer } = await registry.pushImage("team/app", "v1");
  const config = await registry.pushBlob("team/app", "{}");
  const referrer = await registry.pushManifest("team/app", "sig", imageManifest({ config: described(config, 2), layers: [], subject: described(digest, 1), annotations: { a: "b" } }));
  await registry.server.close();
  const again = await scratchRegistry(context, { root: registry.root });
  assert.equal((await again.request("GET", "/v2/team/app/manifests/v1")).headers["docker-content-digest"], digest);
  assert.equal((await again.request("GET", `/v2/team/app/blobs/${layer}`)).body.toString(), "layer");
  assert.deepEqual((await again.request("GET", "/v2/_catalog")).json(), { repositories: ["team/app"] });
  const { manifests } = (await again.request("GET", `/v2/team/app/referrers/${digest}`)).json() as { manifests: { digest: string }[] };
  assert.deepEqual(manifests.map((manifest) => manifest.digest), [referrer.headers["docker-content-digest"]]);
});
