import type { AttestationManifest } from "../image/attestation.ts";
import { sha256 } from "../oci/digest.ts";
import { serializeManifest, type Descriptor, type Index } from "../oci/manifest.ts";
import { mediaType } from "../oci/media-type.ts";
import { normalizePlatform, type Platform } from "../oci/platform.ts";
import type { Annotations } from "./annotations.ts";
import type { ExportedImage } from "./exported-image.ts";

/** An index over the images of several platforms, and what is said about them. */
export interface ExportedIndex {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  readonly attestations: readonly AttestationManifest[];
}

/** Puts an index together as BuildKit does: the images in the order of the platforms, then what is said about each. */
export function assembleIndex(images: readonly ExportedImage[], annotations: Annotations, attestations: readonly AttestationManifest[]): ExportedIndex {
  const type = images.every(({ docker }) => docker) ? mediaType.dockerList : mediaType.ociIndex;
  const runnable = images.map(({ image, platform }): Descriptor => ({
    ...image.descriptor,
    ...written(annotations.of("manifest-descriptor", platform)),
    platform: indexPlatform(image.config, platform),
  }));
  const index: Index = {
    schemaVersion: 2,
    mediaType: type,
    manifests: [...runnable, ...attestations.map((attestation) => attestation.descriptor)],
    ...written(annotations.of("index")),
  };
  const bytes = serializeManifest(index);
  const descriptor = { mediaType: type, digest: sha256(bytes), size: bytes.length, ...written(annotations.of("index-descriptor")) };
  return { bytes, descriptor, attestations };
}

/** The platform of an image in its descriptor, with the members in the order in which Go writes them. */
export function indexPlatform(config: Platform, platform: Platform): Platform {
  const { architecture, os, variant } = normalizePlatform(platform);
  const version = config["os.version"];
  return { architecture, os, ...(version ? { "os.version": version } : {}), ...(variant ? { variant } : {}) };
}

export function written(annotations: Readonly<Record<string, string>>): { annotations?: Readonly<Record<string, string>> } {
  return Object.keys(annotations).length === 0 ? {} : { annotations };
}
