import { MANIFEST_LIMIT } from "../../oci/manifest.ts";
import { fault } from "../../std/fault.ts";
import { platformsOf } from "../../store/image-record.ts";
import type { ImageRecord } from "../../store/image-store.ts";
import type { Store } from "../../store/open-store.ts";
import type { Document, Source } from "../place.ts";

/** An image or an index of the store, as registries and archives take it: all blobs are there of what is here of it. */
export function storeSource(store: Store, { record, root }: { readonly record: ImageRecord; readonly root: Document }, name: string): Source {
  const absent = new Set(record.index?.parts.flatMap(({ present, descriptor }) => (present ? [] : [descriptor.digest])));
  return {
    name,
    root: async () => root,
    manifestGet: async ({ digest, mediaType }) => {
      if (absent.has(digest)) throw fault("INDEX_PARTIAL", { reference: name.replace(/^store:/, ""), available: platformsOf(record) });
      return { bytes: store.blobs.readBytes(digest, MANIFEST_LIMIT), mediaType, digest };
    },
    blobOpen: (blob, { start, signal }) => store.blobs.read(blob.digest, { start, signal }),
    referrerList: async () => [],
    [Symbol.asyncDispose]: async () => undefined,
  };
}
