import assert from "node:assert/strict";
import { test } from "node:test";
import { configBytes } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { isFault } from "../std/fault.ts";
import { assembleImage, createImage } from "./image.ts";

const diffIds = [sha256("one"), sha256("two")];
const config = configBytes(diffIds);
const layers = [
  { mediaType: mediaType.ociLayerGzip, digest: sha256("packed one"), size: 10 },
  { mediaType: mediaType.ociLayerZstd, digest: sha256("packed two"), size: 20 },
];

test("config and layers make an image whose parts point at one another", () => {
  const image = assembleImage({ config, layers });
  assert.equal(image.id, sha256(config));
  assert.equal(image.manifest.config.digest, image.id);
  assert.equal(image.descriptor.digest, sha256(image.manifestBytes));
  assert.deepEqual(image.layers.map(({ diffId, codec }) => [diffId, codec]), [[diffIds[0], "gzip"], [diffIds[1], "zstd"]]);
  assert.deepEqual(createImage({ config, manifest: { bytes: image.manifestBytes, mediaType: mediaType.ociManifest } }), image);
});

test("parts that do not belong together are refused", () => {
  const { manifestBytes } = assembleImage({ config, layers });
  const manifest = { bytes: manifestBytes, mediaType: mediaType.ociManifest };
  assert.throws(() => createImage({ config: configBytes([]), manifest }), (error) => isFault(error, "IMAGE_INCONSISTENT"));
  assert.throws(() => assembleImage({ config, layers: layers.slice(1) }), (error) => isFault(error, "IMAGE_INCONSISTENT"));
  assert.throws(() => createImage({ config, manifest: { ...manifest, bytes: Buffer.from("{}") } }), (error) => isFault(error, "DOCUMENT_INVALID"));
});
