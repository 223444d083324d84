import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaType } from "../../oci/media-type.ts";
import { described, digestOf, imageManifest, scratchRegistry } from "../../../test/support/scratch-registry.ts";

test("/v2/ answers 200 with the header that old clients look for", async (context) => {
  const registry = await scratchRegistry(context);
  for (const path of ["/v2/", "/v2"]) {
    const answer = await registry.request("GET", path);
    assert.deepEqual([answer.status, answer.headers["docker-distribution-api-version"], answer.json()], [200, "registry/2.0", {}]);
  }
});

test("tags are sorted and come in pages", async (context) => {
  const registry = await scratchRegistry(context);
  for (const tag of ["v2", "v10", "Alpha", "_x", "beta"]) await registry.pushImage("team/app", tag);
  const list = async (query: string) => registry.request("GET", `/v2/team/app/tags/list${query}`);
  assert.deepEqual((await list("")).json(), { name: "team/app", tags: ["Alpha", "_x", "beta", "v10", "v2"] });
  const page = await list("?n=2");
  assert.deepEqual([page.json(), page.headers.link], [{ name: "team/app", tags: ["Alpha", "_x"] }, '</v2/team/app/tags/list?n=2&last=_x>; rel="next"']);
  assert.deepEqual((await list("?last=bet")).json(), { name: "team/app", tags: ["beta", "v10", "v2"] });
  const none = await list("?n=0");
  assert.deepEqual([none.json(), none.headers.link], [{ name: "team/app", tags: [] }, undefined]);
  assert.equal((await list("?n=x")).code(), "PAGINATION_NUMBER_INVALID");
  assert.equal((await list("?last=%00")).status, 200);
});

test("an unknown repository has no tags: 404", async (context) => {
  const registry = await scratchRegistry(context);
  assert.equal((await registry.request("GET", "/v2/unknown/tags/list")).code(), "NAME_UNKNOWN");
  await registry.openUpload("unknown");
  assert.equal((await registry.request("GET", "/v2/unknown/tags/list")).status, 404);
});

test("the catalog lists nested repositories in pages", async (context) => {
  const registry = await scratchRegistry(context);
  for (const name of ["b", "a/blobs", "a", "a/b/c", "a/manifests/tags"]) await registry.pushBlob(name, "x");
  assert.deepEqual((await registry.request("GET", "/v2/_catalog")).json(), { repositories: ["a", "a/b/c", "a/blobs", "a/manifests/tags", "b"] });
  const page = await registry.request("GET", "/v2/_catalog?n=2&last=a");
  assert.deepEqual([page.json(), page.headers.link], [{ repositories: ["a/b/c", "a/blobs"] }, '</v2/_catalog?n=2&last=a%2Fblobs>; rel="next"']);
});

test("referrers are an index of what names the digest as its subject, filtered by type", async (context) => {
  const registry = await scratchRegistry(context);
  const { digest } = await registry.pushImage("app", "v1");
  const config = await registry.pushBlob("app", "{}");
  const push = async (fields: Record<string, unknown>): Promise<string> => {
    const put = await registry.pushManifest("app", `t${Math.random()}`, imageManifest({ config: described(config, 2, "application/config"), layers: [], subject: described(digest, 1), ...fields }));
    assert.deepEqual([put.status, put.headers["oci-subject"]], [201, digest]);
    return put.headers["docker-content-digest"] as string;
  };
  const signature = await push({ artifactType: "application/signature", annotations: { by: "me" } });
  const plain = await push({});
  const all = await registry.request("GET", `/v2/app/referrers/${digest}`);
  assert.equal(all.headers["content-type"], mediaType.ociIndex);
  const index = all.json() as { schemaVersion: number; mediaType: string; manifests: { digest: string; artifactType: string; annotations?: unknown }[] };
  assert.deepEqual([index.schemaVersion, index.mediaType], [2, mediaType.ociIndex]);
  assert.deepEqual(new Map(index.manifests.map((item) => [item.digest, [item.artifactType, item.annotations]])), new Map([[signature, ["application/signature", { by: "me" }]], [plain, ["application/config", undefined]]]));
  const filtered = await registry.request("GET", `/v2/app/referrers/${digest}?artifactType=application%2Fsignature`);
  assert.equal(filtered.headers["oci-filters-applied"], "artifactType");
  assert.deepEqual((filtered.json() as typeof index).manifests.map((item) => item.digest), [signature]);
  const page = await registry.request("GET", `/v2/app/referrers/${digest}?n=1`);
  assert.match(String(page.headers.link), /rel="next"$/);
  assert.equal((await registry.request("DELETE", `/v2/app/manifests/${signature}`)).status, 202);
  assert.deepEqual(((await registry.request("GET", `/v2/app/referrers/${digest}`)).json() as typeof index).manifests.map((item) => item.digest), [plain]);
});

test("referrers of an unknown digest or repository are an empty index, of a malformed one 400", async (context) => {
  const registry = await scratchRegistry(context);
  for (const name of ["unknown", "app"]) {
    const answer = await registry.request("GET", `/v2/${name}/referrers/${digestOf("x")}`);
    assert.deepEqual([answer.status, answer.json()], [200, { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [] }]);
    await registry.pushBlob("app", "x");
  }
  assert.equal((await registry.request("GET", "/v2/app/referrers/sha256:bad")).code(), "DIGEST_INVALID");
});
