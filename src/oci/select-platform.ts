import type { Descriptor, Index } from "./manifest.ts";
import { isIndex, isManifest } from "./media-type.ts";
import { formatPlatform, normalizePlatform, platformMatches, type Platform } from "./platform.ts";

/**
 * The image of an index for a platform: the one of the same variant, else the highest that runs there, else one
 * that names no platform. Attestations, which BuildKit lists as `unknown/unknown`, are passed over.
 */
export function selectPlatform(index: Pick<Index, "manifests">, platform: Platform): Descriptor | undefined {
  const candidates = images(index);
  const wanted = normalizePlatform(platform).variant;
  const variant = (descriptor: Descriptor): string => normalizePlatform(descriptor.platform!).variant ?? "";
  const fitting = candidates.filter((descriptor) => descriptor.platform && platformMatches(platform, descriptor.platform));
  const same = fitting.find((descriptor) => variant(descriptor) === (wanted ?? ""));
  const best = same ?? fitting.reduce<Descriptor | undefined>((top, each) => (top && variant(top) >= variant(each) ? top : each), undefined);
  return best ?? candidates.find((descriptor) => descriptor.platform === undefined);
}

/** The platforms of an index, for a message. */
export function listPlatforms(index: Pick<Index, "manifests">): string[] {
  return [...new Set(images(index).flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : [])))].sort();
}

/** Whether an entry of an index is what BuildKit attaches to an image: provenance, an SBOM. */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  return platform?.os === "unknown" || annotations?.["vnd.docker.reference.type"] === "attestation-manifest";
}

/** The digest of the image that an entry is attached to. */
export function attests({ annotations }: Descriptor): string | undefined {
  return annotations?.["vnd.docker.reference.digest"];
}

function images({ manifests }: Pick<Index, "manifests">): Descriptor[] {
  return manifests.filter((each) => (isManifest(each.mediaType) || isIndex(each.mediaType)) && !isAttestation(each));
}
