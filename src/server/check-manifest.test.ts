import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaType } from "../oci/media-type.ts";
import { checkManifest } from "./check-manifest.ts";
import { RegistryError } from "./terms/registry-error.ts";

const A = `sha256:${"a".repeat(64)}`;
const B = `sha512:${"b".repeat(128)}`;
const config = { mediaType: "application/x", digest: A, size: 2 };
const check = (document: unknown, type?: string) => checkManifest(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)), type);
const refuses = (document: unknown, type?: string): void =>
  assert.throws(() => check(document, type), (error) => error instanceof RegistryError && error.code === "MANIFEST_INVALID" && error.status === 400);

test("config and layers are named, layers that live elsewhere are not", () => {
  const layers = [
    { mediaType: mediaType.ociLayer, digest: B, size: 1 },
    { mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", digest: A, size: 1 },
    { mediaType: mediaType.ociLayer, digest: A, size: 1, urls: ["https://example.com/x"] },
    { mediaType: mediaType.dockerForeignLayerGzip, digest: A, size: 1 },
  ];
  assert.deepEqual(check({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers }), { blobs: [A, B], manifests: [] });
});

test("an index names its manifests", () => {
  const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [{ mediaType: mediaType.ociManifest, digest: A, size: 1 }] };
  assert.deepEqual(check(index, mediaType.ociIndex), { blobs: [], manifests: [A] });
  assert.deepEqual(check({ ...index, manifests: [] }), { blobs: [], manifests: [] });
});

test("unknown fields, data, null lists and a missing mediaType are accepted", () => {
  check({ schemaVersion: 2, config: { ...config, data: "e30=" }, layers: null, extra: { deep: [1] } }, mediaType.ociManifest);
  check({ schemaVersion: 2, manifests: null }, `${mediaType.ociIndex}; charset=utf-8`);
});

test("a Content-Type that disagrees with the document is refused", () => {
  refuses({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: [] }, mediaType.dockerManifest);
  refuses({ schemaVersion: 2, config, layers: [] }, mediaType.ociIndex);
  refuses({ schemaVersion: 2, config, layers: [] }, mediaType.dockerManifest);
});

test("a document that could be read as image and index is refused", () => {
  refuses({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [], config });
  refuses({ schemaVersion: 2, mediaType: mediaType.ociManifest, manifests: [], config, layers: [] });
});

test("schema 1 and types that are no manifest are refused", () => {
  refuses({ schemaVersion: 1, name: "x", tag: "y", fsLayers: [] }, "application/vnd.docker.distribution.manifest.v1+prettyjws");
  refuses({ schemaVersion: 2, mediaType: "application/json", config, layers: [] }, "application/json");
});

test("broken documents are refused", () => {
  for (const document of ["", "null", "[]", "{}", "42", "{", "\u0000", { schemaVersion: 2, layers: [] }, { schemaVersion: 2, config: null, layers: [] }]) refuses(document);
  for (const wrong of [{ digest: "sha256:baddigest" }, { digest: 5 }, { size: -1 }, { size: "1" }, { mediaType: null }]) refuses({ schemaVersion: 2, config: { ...config, ...wrong }, layers: [] });
  refuses({ schemaVersion: 2, config, layers: {} });
  refuses({ schemaVersion: 2, config, layers: [], subject: "x" });
});
