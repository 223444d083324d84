import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../oci/digest.ts";
import { parseIndex, type Descriptor, type Index } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { isFault } from "../../std/fault.ts";
import { addEntries, makeIndex, removeEntries } from "./edit-index.ts";

const entry = (platform: string, text = platform): Descriptor => ({ mediaType: mediaType.ociManifest, digest: sha256(text), size: 1, platform: parsePlatform(platform) });
const attestation = (of: Descriptor): Descriptor => ({
  mediaType: mediaType.ociManifest, digest: sha256(`attestation ${of.digest}`), size: 1, platform: { os: "unknown", architecture: "unknown" },
  annotations: { "vnd.docker.reference.digest": of.digest, "vnd.docker.reference.type": "attestation-manifest" },
});
const [amd, arm] = [entry("linux/amd64"), entry("linux/arm64")];
const index: Index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [amd, attestation(amd), arm, attestation(arm)], annotations: { kept: "yes" } };
const digests = (document: { bytes: Uint8Array }): string[] => parseIndex(document.bytes).manifests.map(({ digest }) => digest);

test("an index is made of entries, each once, and not of two images for one platform", () => {
  assert.deepEqual(digests(makeIndex("x", [amd, arm, amd], {})), [amd.digest, arm.digest]);
  assert.deepEqual(parseIndex(makeIndex("x", [amd], { a: "b" }).bytes).annotations, { a: "b" });
  assert.throws(() => makeIndex("x", [arm, entry("linux/arm64/v8", "other")], {}), (error) => isFault(error, "INDEX_INVALID"));
  assert.equal(digests(makeIndex("x", [entry("linux/arm/v6"), entry("linux/arm/v7")], {})).length, 2);
});

test("a new image takes the place of the old one for its platform, whose attestations go with it", () => {
  const newer = entry("linux/amd64", "newer");
  const added = addEntries(index, [newer], { more: "too" });
  assert.deepEqual(digests(added), [arm.digest, attestation(arm).digest, newer.digest]);
  assert.deepEqual(parseIndex(added.bytes).annotations, { kept: "yes", more: "too" });
  assert.deepEqual(digests(addEntries(index, [amd], {})), digests({ bytes: Buffer.from(JSON.stringify(index)) }), "the same image again changes nothing");
});

test("entries are removed by platform or digest; what is not there, and the last one, is refused", () => {
  assert.deepEqual(digests(removeEntries("x", index, ["linux/arm64"])), [amd.digest, attestation(amd).digest]);
  assert.deepEqual(digests(removeEntries("x", index, [amd.digest])), [arm.digest, attestation(arm).digest]);
  assert.throws(() => removeEntries("x", index, ["linux/s390x"]), (error) => isFault(error, "INDEX_INVALID") && error.hint === "it has linux/amd64, linux/arm64");
  assert.throws(() => removeEntries("x", index, ["linux/arm64", "linux/amd64"]), (error) => isFault(error, "INDEX_INVALID"));
});
