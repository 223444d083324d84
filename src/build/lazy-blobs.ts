import type { BlobSource } from "../image/blobs.ts";
import type { Digest } from "../oci/digest.ts";
import type { Store } from "../store/open-store.ts";
import type { LayerAccess } from "./image-layers.ts";
import { fetchLayer } from "./materialize.ts";

/**
 * The store's blobs, and those of a build's base image and of caches elsewhere that no step needed: they are fetched when somebody reads them,
 * which a registry that holds them already does not.
 */
export class LazyBlobs implements BlobSource {
  readonly #store: Store;
  readonly #access: LayerAccess;

  constructor(store: Store, access: LayerAccess) {
    this.#store = store;
    this.#access = access;
  }

  size(digest: Digest): number | undefined {
    return this.#store.blobs.size(digest) ?? this.#access.distant?.withDigest(digest)?.blob.size ?? this.#access.base?.descriptors.find((layer) => layer.digest === digest)?.size;
  }

  async *read(digest: Digest, options?: { start?: number | undefined; signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array> {
    const { base, distant } = this.#access;
    const layer = this.#store.blobs.has(digest) ? undefined : distant?.withDigest(digest);
    if (layer) await distant!.fetch(layer);
    const index = base?.descriptors.findIndex((layer) => layer.digest === digest) ?? -1;
    if (index >= 0) await fetchLayer(this.#store, base!, base!.diffIds[index]!, base!.descriptors[index], this.#access);
    yield* this.#store.blobs.read(digest, options);
  }
}
