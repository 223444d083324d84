import { chooseRoot } from "../../carry/choose-root.ts";
import type { Source } from "../../carry/place.ts";
import { readBlob } from "../../carry/read-blob.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";

/** The manifest, index or config of what a place names, byte for byte. */
export async function documentBytes(
  source: Source, { platform, config, signal }: { readonly platform: string | undefined; readonly config: boolean; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const root = await source.root(signal);
  if (platform === undefined && !config) return root.bytes;
  const wanted = platform === undefined ? hostPlatform(process.arch) : parsePlatform(platform);
  const { document } = await chooseRoot(source, root, [wanted], signal);
  return config ? readBlob(source, parseManifest(document.bytes, `the manifest of ${source.name}`).config, signal) : document.bytes;
}
