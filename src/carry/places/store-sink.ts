import { createImage } from "../../image/image.ts";
import { MANIFEST_LIMIT, parseManifest } from "../../oci/manifest.ts";
import { formatRepository } from "../../oci/reference.ts";
import type { Store } from "../../store/open-store.ts";
import type { Sink } from "../place.ts";

/** A name of the store, or an image there without one. */
export function storeSink(store: Store, imageName: string | undefined): Sink {
  return {
    name: `store:${imageName ?? ""}`,
    holds: "images",
    verifies: true,
    manifestHas: async () => false,
    blobHas: async ({ digest }) => store.blobs.has(digest),
    async blobPut(blob, open, { onBytes, signal }) {
      let sent = 0;
      await store.blobs.write(open(0), { digest: blob.digest, size: blob.size, signal, onBytes: (count) => onBytes((sent += count)) });
    },
    manifestPut: async () => undefined,
    async finish(root, { from }) {
      const config = store.blobs.readBytes(parseManifest(root.bytes).config.digest, MANIFEST_LIMIT);
      const image = createImage({ manifest: root, config });
      for (const { descriptor, diffId, codec } of image.layers) {
        if (codec) store.layers.remember({ diffId, digest: descriptor.digest, size: descriptor.size, mediaType: descriptor.mediaType, codec });
      }
      const repoDigests = from?.repository ? [`${formatRepository(from.repository)}@${root.digest}`] : [];
      store.images.put({ config, manifest: root, names: imageName === undefined ? [] : [imageName], repoDigests });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
