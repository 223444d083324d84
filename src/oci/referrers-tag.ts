import { digestAlgorithm, digestHex, type Digest } from "./digest.ts";

/** The tag under which clients keep the list of referrers where a registry has no API for it (distribution-spec § Referrers Tag Schema). */
export function referrersTag(digest: Digest): string {
  return `${digestAlgorithm(digest).slice(0, 32)}-${digestHex(digest).slice(0, 64)}`;
}
