import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { attestationManifest } from "./attestation.ts";

const image = { mediaType: mediaType.ociManifest, digest: sha256("image"), size: 855, annotations: { "not": "taken over" } };
const said = [{ predicateType: "https://slsa.dev/provenance/v1", predicate: { buildDefinition: {} }, filename: "provenance.json" }];
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString();

test("statements are layers of an artifact whose subject is the image, as BuildKit writes it", () => {
  const { descriptor, manifest, bytes, blobs } = attestationManifest(image, said, { names: ["pkg:docker/app@1?platform=linux%2Famd64"], artifact: true });
  const statement = `{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1","subject":[{"name":"pkg:docker/app@1?platform=linux%2Famd64","digest":{"sha256":"${sha256("image").slice(7)}"}}],"predicate":{"buildDefinition":{}}}`;
  assert.deepEqual(JSON.parse(text(bytes)), {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.docker.attestation.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", size: 2, data: "e30=" },
    layers: [{ mediaType: "application/vnd.in-toto+json", digest: sha256(statement), size: statement.length, annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v1" } }],
    subject: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256("image"), size: 855 },
  });
  assert.deepEqual(descriptor, {
    mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256(bytes), size: bytes.length,
    annotations: { "vnd.docker.reference.digest": sha256("image"), "vnd.docker.reference.type": "attestation-manifest" },
    platform: { architecture: "unknown", os: "unknown" },
  });
  assert.equal(text(blobs.get(manifest.layers[0]!.digest)), statement);
  assert.equal(text(blobs.get(manifest.config.digest)), "{}");
});

test("where artifacts are not taken, it is an image of no platform that refers to nothing", () => {
  const { manifest, blobs } = attestationManifest(image, said, { names: [], artifact: false });
  assert.equal(manifest.subject ?? manifest.artifactType, undefined);
  const [layer] = manifest.layers;
  assert.equal(text(blobs.get(manifest.config.digest)), `{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":["${layer!.digest}"]}}`);
  // An image without a name has a subject all the same: its digest would be nowhere otherwise.
  assert.deepEqual((JSON.parse(text(blobs.get(layer!.digest))) as { subject: unknown }).subject, [{ name: "_", digest: { sha256: sha256("image").slice(7) } }]);
});
