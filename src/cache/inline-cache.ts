import type { Digest } from "../oci/digest.ts";
import type { ImageConfig } from "../oci/image-config.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import { parseRecords, type CacheDocument, type CachedResult } from "./cache-document.ts";

/** The member of an image's config that holds an inline cache; tools that do not know it leave it alone. */
const INLINE_MEMBER = "sampan.cache.v1";

/**
 * What an image tells of its own steps, as a member of its config: records whose layers are layers of the image.
 * @param base how many layers of the image are those of its base image
 */
export function inlineCache(records: readonly CachedResult[], base: number): Record<string, unknown> {
  return {
    [INLINE_MEMBER]: {
      version: 1,
      base,
      records: records.map(({ keys, resultId, createdAt, layer }) => ({ keys, result: resultId, created: createdAt, ...(layer === undefined ? {} : { layer }) })),
    },
  };
}

/** The cache in an image; undefined where there is none. @throws DOCUMENT_INVALID */
export function readInlineCache(config: ImageConfig, layers: readonly Descriptor[], what: string): CacheDocument | undefined {
  const value = (config as unknown as Record<string, unknown>)[INLINE_MEMBER] as { version?: unknown; base?: unknown; records?: unknown } | null | undefined;
  if (typeof value !== "object" || value === null) return undefined;
  const { base } = value;
  const { diff_ids: diffIds } = config.rootfs;
  if (value.version !== 1 || !Number.isSafeInteger(base) || (base as number) < 0 || (base as number) > diffIds.length || diffIds.length !== layers.length) {
    throw fault("DOCUMENT_INVALID", { what, problem: "its inline cache does not fit its layers" });
  }
  const own = layers.slice(base as number);
  if (own.some(({ mediaType }) => layerCodec(mediaType) === undefined)) throw fault("DOCUMENT_INVALID", { what, problem: "a layer is packed in an unknown way" });
  return {
    layers: own.map((blob, index) => ({ diffId: diffIds[(base as number) + index]! as Digest, blob, parent: index === 0 ? undefined : index - 1 })),
    records: parseRecords(value.records, own.length, what),
  };
}
