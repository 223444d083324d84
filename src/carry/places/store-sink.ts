import { createImage } from "../../image/image.ts";
import { isIndex } from "../../oci/media-type.ts";
import { MANIFEST_LIMIT, parseManifest } from "../../oci/manifest.ts";
import { formatRepository } from "../../oci/reference.ts";
import type { Store } from "../../store/open-store.ts";
import type { Sink } from "../place.ts";
import { once } from "../../std/once.ts";

/** A name of the store, or an image or index there without one. */
export function storeSink(store: Store, imageName: string | undefined): Sink {
  return {
    name: `store:${imageName ?? ""}`,
    holds: "indexes",
    verifies: true,
    borrows: true,
    manifestHas: async () => false,
    blobHas: async ({ digest }) => store.blobs.has(digest),
    async blobPut(blob, open, { onBytes, signal }) {
      let sent = 0;
      await store.blobs.write(open(0), { digest: blob.digest, size: blob.size, signal, onBytes: (count) => onBytes((sent += count)) });
    },
    async manifestPut({ bytes, digest }, { signal }) {
      await store.blobs.write(once(bytes), { digest, size: bytes.length, signal });
    },
    async finish(root, { from }) {
      const about = {
        names: imageName === undefined ? [] : [imageName],
        repoDigests: from?.repository ? [`${formatRepository(from.repository)}@${root.digest}`] : [],
      };
      if (isIndex(root.mediaType)) return void store.images.putIndex({ bytes: root.bytes, mediaType: root.mediaType, ...about });
      const config = store.blobs.readBytes(parseManifest(root.bytes).config.digest, MANIFEST_LIMIT);
      const image = createImage({ manifest: root, config });
      for (const { descriptor, diffId, codec } of image.layers) {
        if (codec) store.layers.remember({ diffId, digest: descriptor.digest, size: descriptor.size, mediaType: descriptor.mediaType, codec });
      }
      store.images.put({ config, manifest: root, ...about });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
