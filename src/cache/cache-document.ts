import { isDigest, type Digest } from "../oci/digest.ts";
import { MANIFEST_LIMIT, parseObject, type Descriptor } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";

/** Media type of the config of a cache: by it a cache is told from an image, and from the caches of other builders. */
export const CACHE_TYPE = "application/vnd.sampan.cacheconfig.v1+json";
/** Media type of the blob that tells what keys were made of. */
export const REASONS_TYPE = "application/vnd.sampan.cache.reasons.v1+zstd";
/** Media type of BuildKit's own cache configs. */
export const BUILDKIT_CACHE_TYPE = "application/vnd.buildkit.cacheconfig.v0";

/** What a cache knows: results of steps by their keys, and their layers. */
export interface CacheDocument {
  readonly layers: readonly CachedLayer[];
  readonly records: readonly CachedResult[];
}

export interface CachedLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** The layer that this one lies upon, by its place in the list; undefined upon the base image, which is no part of the cache. */
  readonly parent: number | undefined;
}

export interface CachedResult {
  /** The key that it was saved under, and all others that lead to it. */
  readonly keys: readonly Digest[];
  /** Its identity, which keys of later steps are made of. */
  readonly resultId: Digest;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Its topmost layer; undefined where its files are not kept. */
  readonly layer: number | undefined;
}

/** A build of a thousand steps has a few thousand keys; these stop what is made to fill memory. */
const MOST_LAYERS = 10_000;
const MOST_RECORDS = 50_000;
const MOST_KEYS = 64;
export const CACHE_LIMIT = MANIFEST_LIMIT;
/** Bytes of a layer; the largest that registries take are far below. */
const LARGEST_LAYER = 1024 ** 4;

/** The bytes of a cache's config: the same for the same content. */
export function serializeCache({ layers, records }: CacheDocument): Uint8Array {
  return Buffer.from(JSON.stringify({
    version: 1,
    layers: layers.map(({ diffId, blob, parent }) => ({ diffId, digest: blob.digest, size: blob.size, mediaType: blob.mediaType, ...(parent === undefined ? {} : { parent }) })),
    records: records.map(({ keys, resultId, createdAt, layer }) => ({ keys, result: resultId, created: createdAt, ...(layer === undefined ? {} : { layer }) })),
  }));
}

/** Reads what anybody may have written. @throws DOCUMENT_INVALID */
export function parseCache(bytes: Uint8Array, what: string): CacheDocument {
  const value = parseObject(bytes, what);
  if (value["version"] !== 1) throw invalid(what, `its version is ${JSON.stringify(value["version"])?.slice(0, 20)} and not 1`);
  const layers = listOf(value["layers"], what, "layers", MOST_LAYERS).map((item, index) => layerOf(item, index, what));
  return { layers, records: parseRecords(value["records"], layers.length, what) };
}

/** @throws DOCUMENT_INVALID */
export function parseRecords(value: unknown, layers: number, what: string): CachedResult[] {
  return listOf(value, what, "records", MOST_RECORDS).map((item) => recordOf(item, layers, what));
}

function layerOf(item: Record<string, unknown>, index: number, what: string): CachedLayer {
  const { diffId, digest, size, mediaType, parent } = item;
  const wrong = (member: string): Error => invalid(what, `layers[${index}].${member} is no such thing`);
  if (!isDigestText(diffId)) throw wrong("diffId");
  if (!isDigestText(digest)) throw wrong("digest");
  if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > LARGEST_LAYER) throw wrong("size");
  if (typeof mediaType !== "string" || layerCodec(mediaType) === undefined) throw wrong("mediaType");
  // A parent stands before its child, so nothing goes round in a circle.
  if (parent !== undefined && !isIndex(parent, index)) throw wrong("parent");
  return { diffId, blob: { mediaType, digest, size: size as number }, parent: parent as number | undefined };
}

function recordOf(item: Record<string, unknown>, layers: number, what: string): CachedResult {
  const { keys, result, created, layer } = item;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MOST_KEYS || !keys.every(isDigestText)) throw invalid(what, "a record has no keys");
  if (!isDigestText(result)) throw invalid(what, "a record has no result");
  if (!Number.isSafeInteger(created) || Math.abs(created as number) > 8.64e15) throw invalid(what, "a record has no time");
  if (layer !== undefined && !isIndex(layer, layers)) throw invalid(what, "a record has a layer that is not there");
  return { keys: keys as Digest[], resultId: result, createdAt: created as number, layer: layer as number | undefined };
}

function listOf(value: unknown, what: string, member: string, most: number): Record<string, unknown>[] {
  if (!Array.isArray(value) || value.length > most) throw invalid(what, `${member} is no list, or one of more than ${most}`);
  if (!value.every((item) => typeof item === "object" && item !== null)) throw invalid(what, `${member} holds something else than objects`);
  return value as Record<string, unknown>[];
}

function isDigestText(value: unknown): value is Digest {
  return typeof value === "string" && isDigest(value);
}

function isIndex(value: unknown, below: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < below;
}

function invalid(what: string, problem: string): Error {
  return fault("DOCUMENT_INVALID", { what, problem });
}

/** The layers of a result upon its base image, bottom first; undefined where its files are not kept. */
export function layersUpTo(layers: readonly CachedLayer[], top: number | undefined): CachedLayer[] | undefined {
  if (top === undefined) return undefined;
  const chain: CachedLayer[] = [];
  for (let at: number | undefined = top; at !== undefined; at = layers[at]!.parent) chain.push(layers[at]!);
  return chain.reverse();
}
