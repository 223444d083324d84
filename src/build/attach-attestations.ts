import { sha256, type Digest } from "../oci/digest.ts";
import { serializeManifest, type Descriptor, type Manifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";

/** What is said about an image, in the form of in-toto: the subject is added when the image is known. */
export interface Predicate {
  readonly type: string;
  readonly predicate: unknown;
}

/** What is said about one image, as blobs under a manifest. */
export interface Attestations {
  /** The manifest's entry in the index. */
  readonly descriptor: Descriptor;
  readonly manifest: Uint8Array;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** The bytes of config and layers. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

export interface AttachOptions {
  /** Package URLs of the image's names; `_` stands for none. */
  readonly subjects: readonly string[];
  /** OCI 1.1's form, with subject and artifactType; without, that of older builders. */
  readonly ociArtifact: boolean;
}

const ARTIFACT_TYPE = "application/vnd.docker.attestation.manifest.v1+json";
const IN_TOTO = "application/vnd.in-toto+json";

/** Puts statements under a manifest, as BuildKit does (its docs/attestations/attestation-storage.md). */
export function attachAttestations(image: Descriptor, predicates: readonly Predicate[], { subjects, ociArtifact }: AttachOptions): Attestations {
  const blobs = new Map<Digest, Uint8Array>();
  const keep = (bytes: Uint8Array): { digest: Digest; size: number } => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  };
  const subject = (subjects.length > 0 ? subjects : ["_"]).map((name) => ({ name, digest: { sha256: image.digest.slice("sha256:".length) } }));
  const layers = predicates.map(({ type, predicate }): Descriptor => ({
    mediaType: IN_TOTO,
    ...keep(json({ _type: "https://in-toto.io/Statement/v1", predicateType: type, subject, predicate }, 2)),
    annotations: { "in-toto.io/predicate-type": type },
  }));
  const config: Descriptor = ociArtifact
    ? { mediaType: mediaType.ociEmpty, ...keep(json({})), data: "e30=" }
    : { mediaType: mediaType.ociConfig, ...keep(json({ architecture: "unknown", os: "unknown", config: {}, rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) } })) };
  const { mediaType: type, digest, size } = image;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    ...(ociArtifact ? { artifactType: ARTIFACT_TYPE } : {}),
    config,
    layers,
    ...(ociArtifact ? { subject: { mediaType: type, digest, size } } : {}),
  };
  const bytes = serializeManifest(manifest);
  return {
    descriptor: {
      mediaType: mediaType.ociManifest,
      digest: sha256(bytes),
      size: bytes.length,
      annotations: { "vnd.docker.reference.digest": digest, "vnd.docker.reference.type": "attestation-manifest" },
      platform: { architecture: "unknown", os: "unknown" },
    },
    manifest: bytes,
    config,
    layers,
    blobs,
  };
}

function json(value: unknown, indent?: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, indent));
}
