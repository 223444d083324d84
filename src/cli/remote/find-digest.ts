import { chooseRoot } from "../../carry/choose-root.ts";
import type { Source } from "../../carry/place.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Platform } from "../../oci/platform.ts";

/** The digest of what a place names, or of its image for a platform. */
export async function findDigest(source: Source, platform: Platform | undefined, signal: AbortSignal): Promise<Digest> {
  if (platform === undefined) return (await source.rootDigest?.(signal)) ?? (await source.root(signal)).digest;
  return (await chooseRoot(source, await source.root(signal), [platform], signal)).document.digest;
}
