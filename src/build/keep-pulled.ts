import { parseImageConfig } from "../oci/image-config.ts";
import { parseManifest, type Manifest } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference, formatRepository, type Reference } from "../oci/reference.ts";
import type { PulledImage } from "../registry/transfer/pull-image.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { Store } from "../store/open-store.ts";

/**
 * Records an image that was pulled. Where the index that it was chosen from is in the store, the image becomes a platform of that.
 * @param options.named whether the reference's tag leads to it from now on
 */
export function keepPulled(store: Store, reference: Reference, pulled: PulledImage, options: { readonly named: boolean }): { image: ImageRecord; digest: Digest } {
  const { index, manifest } = pulled;
  const { host, repository, tag } = reference;
  const about = {
    names: tag === undefined || !options.named ? [] : [formatReference({ host, repository, tag })],
    repoDigests: [`${formatRepository(reference)}@${(index ?? manifest).digest}`],
  };
  store.places.remember(reference, blobsOf(parseManifest(manifest.bytes)));
  if (index === undefined || store.images.get(index.digest) === undefined) {
    return { image: store.images.put({ config: pulled.config, manifest, ...about }), digest: (index ?? manifest).digest };
  }
  keepDocuments(store, pulled);
  const whole = store.images.putIndex({ bytes: index.bytes, mediaType: index.mediaType, ...about, isHere: ({ digest }) => digest === manifest.digest });
  return { image: store.images.ofPlatform(whole, parseImageConfig(pulled.config))!, digest: index.digest };
}

/** Writes what a pull brings besides layers, for an index that is made of it. */
export function keepDocuments(store: Store, { manifest, config }: PulledImage): void {
  store.blobs.writeBytes(config);
  store.blobs.writeBytes(manifest.bytes);
}

/** Notes which layers the blobs hold that were pulled. */
export function rememberLayers(store: Store, { manifest, config }: PulledImage): void {
  const { diff_ids: diffIds } = parseImageConfig(config).rootfs;
  parseManifest(manifest.bytes).layers.forEach(({ digest, size, mediaType }, index) => {
    const diffId = diffIds[index];
    const codec = layerCodec(mediaType);
    if (diffId && codec && store.blobs.has(digest)) store.layers.remember({ diffId, digest, size, mediaType, codec });
  });
}

/** What a repository holds that holds the manifest. Layers with addresses of their own may lie there only. */
export function blobsOf({ config, layers }: Pick<Manifest, "config" | "layers">): Digest[] {
  return [config, ...layers].filter(({ urls }) => !urls?.length).map(({ digest }) => digest);
}
