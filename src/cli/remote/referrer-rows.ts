import type { Referrer } from "../../carry/place.ts";
import { humanSize } from "../../std/human-size.ts";

export const referrerHeaders = { Digest: "DIGEST", ArtifactType: "ARTIFACT TYPE", MediaType: "MEDIA TYPE", Size: "SIZE", Tag: "TAG", Annotations: "ANNOTATIONS" } as const;

/** The lines of `sampan referrers`. */
export function referrerRows(referrers: readonly Referrer[]): Readonly<Record<string, unknown>>[] {
  return referrers.map(({ digest, artifactType = "", mediaType, size, tag = "", annotations = {} }) => ({
    Digest: digest, ArtifactType: artifactType, MediaType: mediaType, Size: humanSize(size, 3), Tag: tag, Annotations: new Map(Object.entries(annotations)),
  }));
}
