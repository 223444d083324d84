import type { Source } from "../carry/place.ts";
import { readDocument } from "../carry/read-document.ts";
import { verified } from "../carry/verified.ts";
import { parseImageConfig } from "../oci/image-config.ts";
import type { Descriptor, Manifest } from "../oci/manifest.ts";
import { isManifest, mediaType } from "../oci/media-type.ts";
import { platformMatches, type Platform } from "../oci/platform.ts";
import { fault } from "../std/fault.ts";
import type { Digest } from "../oci/digest.ts";
import { BUILDKIT_CACHE_TYPE, CACHE_LIMIT, CACHE_TYPE, parseCache, REASONS_TYPE, type CacheDocument } from "./cache-document.ts";
import { readInlineCache } from "./inline-cache.ts";

export interface ReadCache extends CacheDocument {
  /** The digest of its config, and the media type of the manifest; undefined for a cache in an image. */
  readonly config: Digest | undefined;
  readonly mediaType: string;
  /** What its keys were made of, to be read when somebody asks why. */
  readonly reasons: Descriptor | undefined;
  /** Blobs of the manifest. */
  readonly blobs: readonly Descriptor[];
}

/**
 * Reads a cache: a manifest with a config of ours, an index that lists such a config beside the layers, or an image that
 * has its cache in its own config.
 * @throws CACHE_FOREIGN, DOCUMENT_INVALID, and what the source throws
 */
export async function readCache(source: Source, platform: Platform, signal: AbortSignal): Promise<ReadCache> {
  const root = await source.root(signal);
  const read = readDocument(root, source.name);
  if (read.kind === "manifest") return fromManifest(source, read.manifest, root.mediaType, signal);
  const { manifests } = read.index;
  const config = manifests.find((entry) => entry.mediaType === CACHE_TYPE);
  if (config) {
    const blobs = manifests.filter((entry) => entry !== config);
    return { ...(await fromConfig(source, config, signal)), config: config.digest, mediaType: root.mediaType, blobs, reasons: reasonsOf(blobs) };
  }
  if (manifests.some((entry) => entry.mediaType === BUILDKIT_CACHE_TYPE)) throw fault("CACHE_FOREIGN", { cache: source.name, maker: "BuildKit" });
  const image = manifests.find((entry) => isManifest(entry.mediaType) && entry.platform && platformMatches(platform, entry.platform));
  if (!image) throw fault("CACHE_FOREIGN", { cache: source.name });
  const child = readDocument(await source.manifestGet(image, signal), source.name);
  if (child.kind !== "manifest") throw fault("CACHE_FOREIGN", { cache: source.name });
  return fromManifest(source, child.manifest, image.mediaType, signal);
}

async function fromManifest(source: Source, manifest: Manifest, type: string, signal: AbortSignal): Promise<ReadCache> {
  const { config, layers } = manifest;
  if (config.mediaType === CACHE_TYPE) return { ...(await fromConfig(source, config, signal)), config: config.digest, mediaType: type, blobs: layers, reasons: reasonsOf(layers) };
  if (config.mediaType === BUILDKIT_CACHE_TYPE) throw fault("CACHE_FOREIGN", { cache: source.name, maker: "BuildKit" });
  if (config.mediaType !== mediaType.ociConfig && config.mediaType !== mediaType.dockerConfig) throw fault("CACHE_FOREIGN", { cache: source.name });
  const image = parseImageConfig(await readSmallBlob(source, config, CACHE_LIMIT, signal), `the config of ${source.name}`);
  const cache = readInlineCache(image, layers, `the image ${source.name}`);
  if (!cache) throw fault("CACHE_FOREIGN", { cache: source.name, image: true });
  return { ...cache, config: undefined, mediaType: type, blobs: layers, reasons: undefined };
}

async function fromConfig(source: Source, config: Descriptor, signal: AbortSignal): Promise<CacheDocument> {
  return parseCache(await readSmallBlob(source, config, CACHE_LIMIT, signal), `the cache ${source.name}`);
}

function reasonsOf(blobs: readonly Descriptor[]): Descriptor | undefined {
  return blobs.find(({ mediaType: type }) => type === REASONS_TYPE);
}

/** All bytes of a blob, checked. @throws BLOB_TOO_LARGE, CONTENT_MISMATCH */
export async function readSmallBlob(source: Source, blob: Descriptor, limit: number, signal: AbortSignal): Promise<Uint8Array> {
  if (blob.size > limit) throw fault("BLOB_TOO_LARGE", { digest: blob.digest, size: blob.size, limit });
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified(source.blobOpen(blob, { start: 0, signal }), blob, source.name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
