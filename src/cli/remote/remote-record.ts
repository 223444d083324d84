import { chooseRoot } from "../../carry/choose-root.ts";
import type { Source } from "../../carry/place.ts";
import { readBlob } from "../../carry/read-blob.ts";
import type { Location } from "../../carry/location.ts";
import { parseImageConfig } from "../../oci/image-config.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { mediaType } from "../../oci/media-type.ts";
import { hostPlatform, parsePlatform } from "../../oci/platform.ts";
import { formatReference, formatRepository } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";
import type { ImageRecord } from "../../store/image-store.ts";

/** An image elsewhere, as the store would know it had it been pulled; its size is that of its blobs. Only manifests and the config are read. */
export async function remoteRecord(
  source: Source, location: Location, { platform, signal }: { readonly platform: string | undefined; readonly signal: AbortSignal },
): Promise<{ readonly image: ImageRecord; readonly manifestSize: number }> {
  const wanted = platform === undefined ? hostPlatform(process.arch) : parsePlatform(platform);
  const { document, index } = await chooseRoot(source, await source.root(signal), [wanted], signal);
  const { config, layers } = parseManifest(document.bytes, `the manifest of ${source.name}`);
  if (config.mediaType !== mediaType.ociConfig && config.mediaType !== mediaType.dockerConfig) {
    throw fault("MANIFEST_UNSUPPORTED", { reference: source.name, mediaType: config.mediaType });
  }
  const parsed = parseImageConfig(await readBlob(source, config, signal), `the config of ${source.name}`);
  const reference = location.kind === "registry" ? location.reference : undefined;
  const image: ImageRecord = {
    id: config.digest,
    config: parsed,
    manifest: { digest: document.digest, mediaType: document.mediaType },
    names: reference?.tag !== undefined && reference.digest === undefined ? [formatReference(reference)] : [],
    repoDigests: reference ? [`${formatRepository(reference)}@${(index ?? document).digest}`] : [],
    sources: [],
    created: (parsed.created && Date.parse(parsed.created)) || 0,
    size: layers.reduce((sum, { size }) => sum + size, 0),
  };
  return { image, manifestSize: document.bytes.length };
}
