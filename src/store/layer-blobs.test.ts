import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryStore } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";

test("a layer is found in the codec asked for, and only where its blob is in the store", async (context) => {
  const store = await temporaryStore(context);
  const diffId = sha256("tar");
  const plain = store.blobs.writeBytes(Buffer.from("tar"));
  const packed = store.blobs.writeBytes(Buffer.from("packed"));
  store.layers.remember({ diffId, digest: plain, size: 3, mediaType: "application/vnd.oci.image.layer.v1.tar", codec: "none" });
  store.layers.remember({ diffId, digest: packed, size: 6, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", codec: "gzip", level: 6 });
  store.layers.remember({ diffId, digest: sha256("elsewhere"), size: 9, mediaType: "application/vnd.oci.image.layer.v1.tar+zstd", codec: "zstd" });
  assert.equal(store.layers.find(diffId)?.digest, packed);
  assert.equal(store.layers.find(diffId, { codec: "none" })?.digest, plain);
  assert.equal(store.layers.find(diffId, { codec: "gzip", level: 6 })?.level, 6);
  assert.equal(store.layers.find(diffId, { codec: "gzip", level: 9 }), undefined);
  assert.equal(store.layers.find(diffId, { codec: "zstd" }), undefined);
  assert.equal(store.layers.diffIdOf(sha256("elsewhere")), diffId);
  assert.equal(store.layers.diffIdOf(sha256("unknown")), undefined);
});
