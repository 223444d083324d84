import type { Image } from "../../image/image.ts";
import { fault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import type { Source } from "../place.ts";

/** An image of the store, as registries and archives take it: all its blobs are there. */
export function storeSource(store: Store, image: Image, name: string): Source {
  const { digest, mediaType } = image.descriptor;
  return {
    name,
    root: async () => ({ bytes: image.manifestBytes, mediaType, digest }),
    manifestGet: async (wanted) => {
      throw fault("BLOB_MISSING", { digest: wanted.digest });
    },
    blobOpen: (blob, { start, signal }) => store.blobs.read(blob.digest, { start, signal }),
    referrerList: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
}
