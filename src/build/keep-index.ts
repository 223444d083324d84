import type { Store } from "../store/open-store.ts";
import type { ImageRecord } from "../store/image-store.ts";
import type { ExportedImage } from "./exported-image.ts";
import type { ExportedIndex } from "./export-index.ts";

/**
 * Keeps an index with its images, and what is said about them, in the store, under names.
 * @param options.elsewhere full references with the digest where the index lies as well: layers that are there need not be here
 */
export async function keepIndex(
  store: Store, images: readonly ExportedImage[], { bytes, descriptor, attestations }: ExportedIndex,
  options: { readonly names: readonly string[]; readonly elsewhere: readonly string[]; readonly signal?: AbortSignal | undefined },
): Promise<ImageRecord> {
  const { names, elsewhere, signal } = options;
  for (const { image, blobs } of images) {
    store.blobs.writeBytes(image.configBytes);
    store.blobs.writeBytes(image.manifestBytes);
    for (const { descriptor: { digest, size } } of elsewhere.length === 0 ? image.layers : []) {
      if (!store.blobs.has(digest)) await store.blobs.write(blobs.read(digest, { signal }), { digest, size, signal });
    }
  }
  for (const attestation of attestations) {
    for (const statement of [...attestation.blobs.values(), attestation.bytes]) store.blobs.writeBytes(statement);
  }
  return store.images.putIndex({ bytes, mediaType: descriptor.mediaType, names, repoDigests: elsewhere });
}
