import type { Digest } from "../oci/digest.ts";
import type { Image } from "../image/image.ts";
import type { readArchive } from "../image/read-archive.ts";
import type { Store } from "../store/open-store.ts";

/** What was kept of an archive: an image's id or an index's digest, and its names. */
export interface Kept {
  readonly id: Digest;
  readonly names: readonly string[];
}

/** Records the images and indexes of an archive whose blobs are in the store. @param given names in place of the archive's own */
export function keepArchive(store: Store, { images, indexes }: Awaited<ReturnType<typeof readArchive>>, given?: readonly string[]): Kept[] {
  return [
    ...images.map(({ image, names: own }): Kept => {
      const names = given ?? own;
      remember(store, image);
      return { id: store.images.put({ config: image.configBytes, manifest: { bytes: image.manifestBytes, mediaType: image.descriptor.mediaType }, names }).id, names };
    }),
    ...indexes.map(({ index, images: listed, present, names: own }): Kept => {
      const names = given ?? own;
      for (const image of listed) remember(store, image);
      const { id } = store.images.putIndex({ bytes: index.bytes, mediaType: index.descriptor.mediaType, names, isHere: ({ digest }) => present.has(digest) });
      return { id, names };
    }),
  ];
}

/** Which layers the blobs hold, by what they really are packed with. */
function remember(store: Store, { layers }: Image): void {
  for (const { descriptor: { digest, size, mediaType }, diffId, codec } of layers) if (codec) store.layers.remember({ diffId, digest, size, mediaType, codec });
}
