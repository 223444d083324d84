import type { Digest } from "../oci/digest.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { ImageIndex } from "./image-parts.ts";

/** An image on this machine, or an index of images for several platforms. */
export interface ImageRecord {
  /** The digest of its config, which Docker calls the image id; of an index its own digest. */
  readonly id: Digest;
  /** Of an index that of the image for this machine, or of the first one that is here. */
  readonly config: ImageConfig;
  /** The manifest it came with or was last exported with; none for an image that was built and never packed. */
  readonly manifest?: { readonly digest: Digest; readonly mediaType: string } | undefined;
  /** Full references with tag, `docker.io/library/alpine:3.20`, sorted. */
  readonly names: readonly string[];
  /** Where it lies in registries, `docker.io/library/alpine@sha256:…`, sorted. */
  readonly repoDigests: readonly string[];
  /** The same, and where the indexes lie that it is a platform of: what of its layers is not here is there. */
  readonly sources: readonly string[];
  /** The config's creation time in milliseconds since the epoch; 0 where it gives none. */
  readonly created: number;
  /** Bytes of its layers' files; of their blobs where a layer was never unpacked here. */
  readonly size: number;
  /** The index that this is, or that it was chosen from. */
  readonly index?: ImageIndex | undefined;
}

export interface NewImage {
  readonly config: Uint8Array;
  readonly manifest?: { readonly bytes: Uint8Array; readonly mediaType: string } | undefined;
  readonly names: readonly string[];
  readonly repoDigests?: readonly string[] | undefined;
}

export interface NewIndex {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly names: readonly string[];
  readonly repoDigests?: readonly string[] | undefined;
  /** Whether what an entry names counts as being here; its manifest and config have to be in the store then. Everything by default. */
  readonly isHere?: ((descriptor: Descriptor) => boolean) | undefined;
}

/** What containers and mounts may have of it: its id, and of an index those of its images. */
export function idsOf({ id, index }: ImageRecord): Digest[] {
  return index?.digest === id ? [id, ...index.parts.flatMap(({ image }) => image ?? [])] : [id];
}

/** The platforms of which the image is here. */
export function platformsOf({ config, index }: ImageRecord): string[] {
  if (!index) return [formatPlatform(config)];
  return [...new Set(index.parts.flatMap(({ image, descriptor }) => (image && descriptor.platform ? [formatPlatform(descriptor.platform)] : [])))];
}
