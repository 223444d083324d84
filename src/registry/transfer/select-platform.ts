import type { Descriptor, Index } from "../../oci/manifest.ts";
import { isIndex, isManifest } from "../../oci/media-type.ts";
import { formatPlatform, normalizePlatform, platformMatches, type Platform } from "../../oci/platform.ts";

/**
 * The image of an index for a platform: the one of the same variant, else the highest that runs there, else one
 * that names no platform. Attestations, which BuildKit lists as `unknown/unknown`, are passed over.
 */
export function selectPlatform(index: Index, platform: Platform): Descriptor | undefined {
  const candidates = images(index);
  const wanted = normalizePlatform(platform).variant;
  const variant = (descriptor: Descriptor): string => normalizePlatform(descriptor.platform!).variant ?? "";
  const fitting = candidates.filter((descriptor) => descriptor.platform && platformMatches(platform, descriptor.platform));
  const same = fitting.find((descriptor) => variant(descriptor) === (wanted ?? ""));
  const best = same ?? fitting.reduce<Descriptor | undefined>((top, each) => (top && variant(top) >= variant(each) ? top : each), undefined);
  return best ?? candidates.find((descriptor) => descriptor.platform === undefined);
}

/** The platforms of an index, for a message. */
export function listPlatforms(index: Index): string[] {
  return [...new Set(images(index).flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : [])))].sort();
}

function images(index: Index): Descriptor[] {
  return index.manifests.filter(
    ({ mediaType, platform, annotations }) =>
      (isManifest(mediaType) || isIndex(mediaType)) &&
      platform?.os !== "unknown" &&
      annotations?.["vnd.docker.reference.type"] !== "attestation-manifest",
  );
}
