import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digest } from "../../oci/digest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { describeManifest } from "./describe-manifest.ts";

const digest = `sha256:${"a".repeat(64)}` as Digest;
const subject = { mediaType: mediaType.ociManifest, digest: `sha256:${"b".repeat(64)}`, size: 1 };
const describe = (document: object) => describeManifest(Buffer.from(JSON.stringify(document)), digest);

test("a referrer without artifactType has its config's type", () => {
  assert.equal(describe({ mediaType: mediaType.ociManifest, config: { mediaType: "application/x" }, subject }).artifactType, "application/x");
  assert.equal(describe({ mediaType: mediaType.ociManifest, artifactType: "application/y", config: { mediaType: "application/x" }, subject }).artifactType, "application/y");
  assert.equal(describe({ mediaType: mediaType.ociManifest, artifactType: "", config: { mediaType: "application/x" }, subject }).artifactType, "application/x");
});

test("an index without artifactType has none", () => {
  assert.equal("artifactType" in describe({ mediaType: mediaType.ociIndex, manifests: [], subject }), false);
});

test("annotations are kept of referrers only", () => {
  assert.deepEqual(describe({ manifests: [], subject, annotations: { a: "b" } }).annotations, { a: "b" });
  assert.equal(describe({ manifests: [], annotations: { a: "b" } }).annotations, undefined);
});

test("without mediaType the fields decide the type", () => {
  assert.equal(describe({ manifests: [] }).mediaType, mediaType.ociIndex);
  assert.equal(describe({ config: {}, layers: [] }).mediaType, mediaType.ociManifest);
});
