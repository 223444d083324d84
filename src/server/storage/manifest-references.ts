import { isDigest, type Digest } from "../../oci/digest.ts";
import { isIndex } from "../../oci/media-type.ts";
import { manifestType } from "./describe-manifest.ts";
import type { ManifestReferences } from "./records.ts";

/** Layers that live elsewhere: clients do not push them (image-spec, "Non-Distributable Layers"; Docker's foreign layers). */
const ELSEWHERE = /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.|docker\.image\.rootfs\.foreign\.)/;

/** What a manifest names, besides its subject. Lenient: what is no descriptor is left out. */
export function referencesOf(document: Readonly<Record<string, unknown>>): ManifestReferences {
  const { config, layers, manifests } = document;
  if (isIndex(manifestType(document))) return { blobs: [], manifests: digestsOf(manifests) };
  return { blobs: digestsOf([config, ...(Array.isArray(layers) ? (layers as unknown[]).filter((layer) => !isElsewhere(layer)) : [])]), manifests: [] };
}

function digestsOf(list: unknown): Digest[] {
  if (!Array.isArray(list)) return [];
  return list.map((item) => (item as { digest?: unknown } | null)?.digest).filter((digest): digest is Digest => typeof digest === "string" && isDigest(digest));
}

function isElsewhere(layer: unknown): boolean {
  const { mediaType, urls } = (layer ?? {}) as { mediaType?: unknown; urls?: unknown };
  return (Array.isArray(urls) && urls.length > 0) || (typeof mediaType === "string" && ELSEWHERE.test(mediaType));
}
