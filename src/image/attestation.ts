import { digestAlgorithm, digestHex, sha256, type Digest } from "../oci/digest.ts";
import { serializeManifest, type Descriptor, type Manifest } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";

/** What is said about one platform's result, before it is known what that is called and which digest it has. */
export interface Attestation {
  /** `https://slsa.dev/provenance/v1`, `https://spdx.dev/Document` … */
  readonly predicateType: string;
  /** A value for JSON. */
  readonly predicate: unknown;
  /** What it is called beside files: `provenance.json`. */
  readonly filename: string;
}

/** A thing that a statement is about. */
export interface Subject {
  readonly name: string;
  readonly digest: Digest;
}

/** The manifest that holds the statements about one image, and all bytes below it. */
export interface AttestationManifest {
  /** As an index lists it: for no platform, with the digest of the image that it is about. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly bytes: Uint8Array;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

const IN_TOTO = "application/vnd.in-toto+json";
const ARTIFACT_TYPE = "application/vnd.docker.attestation.manifest.v1+json";

/** An in-toto statement, with the keys in the order that Go gives them. */
export function statementOf({ predicateType, predicate }: Attestation, subjects: readonly Subject[]): Record<string, unknown> {
  const subject = subjects.map(({ name, digest }) => ({ name, digest: { [digestAlgorithm(digest)]: digestHex(digest) } }));
  return { _type: "https://in-toto.io/Statement/v1", predicateType, subject, predicate };
}

/**
 * The attestation manifest of an image as BuildKit writes it: an artifact whose subject is the image, or, for registries that
 * take none, an image of no platform whose layers are the statements (its docs/attestations/attestation-storage.md).
 */
export function attestationManifest(
  image: Descriptor, attestations: readonly Attestation[], options: { readonly names: readonly string[]; readonly artifact: boolean },
): AttestationManifest {
  const { mediaType: type, digest, size } = image;
  const blobs = new Map<Digest, Uint8Array>();
  const add = (bytes: Uint8Array): { readonly digest: Digest; readonly size: number } => {
    const added = sha256(bytes);
    blobs.set(added, bytes);
    return { digest: added, size: bytes.length };
  };
  // Without a name there would be no subject to hold the digest.
  const subjects = (options.names.length > 0 ? options.names : ["_"]).map((name) => ({ name, digest }));
  const layers = attestations.map((attestation): Descriptor => ({
    mediaType: IN_TOTO, ...add(json(statementOf(attestation, subjects))), annotations: { "in-toto.io/predicate-type": attestation.predicateType },
  }));
  const config = options.artifact
    ? { mediaType: mediaType.ociEmpty, ...add(json({})), data: "e30=" }
    : { mediaType: mediaType.ociConfig, ...add(json({ architecture: "unknown", os: "unknown", config: {}, rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) } })) };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    ...(options.artifact ? { artifactType: ARTIFACT_TYPE } : {}),
    config,
    layers,
    ...(options.artifact ? { subject: { mediaType: type, digest, size } } : {}),
  };
  const bytes = serializeManifest(manifest);
  const descriptor: Descriptor = {
    mediaType: mediaType.ociManifest, digest: sha256(bytes), size: bytes.length,
    annotations: { "vnd.docker.reference.digest": digest, "vnd.docker.reference.type": "attestation-manifest" },
    platform: { architecture: "unknown", os: "unknown" },
  };
  return { descriptor, manifest, bytes, blobs };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
