import { isDigest } from "../../oci/digest.ts";
import { MANIFEST_LIMIT } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { formatPlatform, parsePlatform } from "../../oci/platform.ts";
import { fault } from "../../std/fault.ts";
import type { BuildAttachment, BuildRecord } from "../../store/build-record.ts";
import type { Store } from "../../store/open-store.ts";

/** Buildx's words for types; others are media types and predicates themselves. */
const TYPES: Readonly<Record<string, (type: string) => boolean>> = {
  index: (type) => type === mediaType.ociIndex || type === mediaType.dockerList,
  manifest: (type) => type === mediaType.ociManifest || type === mediaType.dockerManifest,
  image: (type) => type === mediaType.ociConfig || type === mediaType.dockerConfig,
  provenance: (type) => type.startsWith("https://slsa.dev/provenance/"),
  sbom: (type) => type === "https://spdx.dev/Document",
};

/**
 * What a build has made: what was kept with its record, and configs of images that are in the store still. In buildx's order: what is
 * about all platforms first, then by platform and type.
 */
export function attachmentsOf({ ref, about }: BuildRecord, store: Store): BuildAttachment[] {
  const kept = store.builds.attachments(ref);
  const ids = (about.imageIds ?? []).filter(isDigest).filter((id) => !kept.some(({ digest }) => digest === id));
  const configs = ids.flatMap((id): BuildAttachment[] => {
    const image = store.images.get(id);
    if (image === undefined || !store.blobs.has(id)) return [];
    return [{ digest: id, type: mediaType.ociConfig, platform: formatPlatform(image.config), bytes: store.blobs.readBytes(id, MANIFEST_LIMIT) }];
  });
  const order = ({ platform = "", type }: BuildAttachment): string => `${platform}\0${type}`;
  return [...kept, ...configs].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** The bytes of the first document that is meant. @throws USAGE, PLATFORM_INVALID, ATTACHMENT_NOT_FOUND */
export function findAttachment(
  record: BuildRecord, store: Store, { digest, type, platform }: { readonly digest: string | undefined; readonly type: string | undefined; readonly platform: string | undefined },
): Uint8Array {
  if (digest !== undefined && !isDigest(digest)) throw fault("USAGE", { problem: `invalid digest ${JSON.stringify(digest)}` });
  if (!digest && !type && !platform) throw fault("USAGE", { problem: "at least one of --type, --platform or DIGEST must be specified" });
  const wanted = platform ? formatPlatform(parsePlatform(platform)) : undefined;
  const fits = !type ? () => true : Object.hasOwn(TYPES, type) ? TYPES[type]! : (found: string) => found === type;
  const all = attachmentsOf(record, store);
  const found = all.find((each) => (digest === undefined || each.digest === digest) && fits(each.type) && (wanted === undefined || each.platform === wanted));
  if (found === undefined) throw fault("ATTACHMENT_NOT_FOUND", { build: record.ref, kept: all.length });
  return found.bytes;
}
