import { sha256 } from "../oci/digest.ts";
import { parseIndex, parseObject, type Index } from "../oci/manifest.ts";
import { isIndex } from "../oci/media-type.ts";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import { listPlatforms, selectPlatform } from "../oci/select-platform.ts";
import { fault } from "../std/fault.ts";
import type { Document, Source } from "./place.ts";

/** `all`: an index with everything in it. One platform: its image. Several: an index of these alone. */
export type WantedPlatforms = "all" | readonly Platform[];

export interface ChosenRoot {
  readonly document: Document;
  /** The index that it was chosen from. */
  readonly index?: Document;
  /** In a sentence, where what is carried is not what the source names. */
  readonly change?: string;
}

const DEEPEST = 4;

/** What of the source's root is wanted. @throws PLATFORM_UNAVAILABLE, CARGO_LIMIT, DOCUMENT_INVALID */
export async function chooseRoot(source: Source, root: Document, wanted: WantedPlatforms, signal: AbortSignal): Promise<ChosenRoot> {
  if (wanted === "all" || !isIndex(root.mediaType)) return { document: root };
  if (wanted.length !== 1) return filterIndex(source, root, wanted);
  let document = root;
  for (let depth = 0; isIndex(document.mediaType); depth += 1) {
    if (depth === DEEPEST) throw fault("CARGO_LIMIT", { reference: source.name, problem: `its index is nested more than ${DEEPEST} deep` });
    const index = parseIndex(document.bytes, `the index of ${source.name}`);
    const chosen = selectPlatform(index, wanted[0]!);
    if (!chosen) throw unavailable(source, index, wanted[0]!);
    document = await source.manifestGet(chosen, signal);
  }
  return { document, index: root, change: `the image for ${formatPlatform(wanted[0]!)} alone, without the index of several platforms` };
}

/** The index without the platforms that are not wanted; with the attestations of those that are. */
function filterIndex(source: Source, root: Document, wanted: readonly Platform[]): ChosenRoot {
  const what = `the index of ${source.name}`;
  const index = parseIndex(root.bytes, what);
  const kept = new Set<string>(wanted.map((platform) => {
    const chosen = selectPlatform(index, platform);
    if (!chosen) throw unavailable(source, index, platform);
    return chosen.digest;
  }));
  const manifests = index.manifests.filter(({ digest, annotations }) => kept.has(digest) || kept.has(annotations?.["vnd.docker.reference.digest"] ?? ""));
  if (manifests.length === index.manifests.length) return { document: root };
  const bytes = new TextEncoder().encode(JSON.stringify({ ...parseObject(root.bytes, what), manifests }));
  return {
    document: { bytes, mediaType: root.mediaType, digest: sha256(bytes) },
    index: root,
    change: `an index of ${wanted.map(formatPlatform).join(", ")}, made from that of all platforms`,
  };
}

function unavailable(source: Source, index: Index, platform: Platform): Error {
  return fault("PLATFORM_UNAVAILABLE", { reference: source.name, platform: formatPlatform(platform), available: listPlatforms(index) });
}
