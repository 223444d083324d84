import type { ImportedCaches } from "../cache/imported-caches.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { layerCodec } from "../oci/media-type.ts";
import type { DistantLayer } from "../solve/ports.ts";
import { fault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { hashLayer } from "../layer/hash-layer.ts";
import type { Store } from "../store/open-store.ts";
import { fetchLayer, type materializeLayers } from "./materialize.ts";

type Access = Parameters<typeof materializeLayers>[2];

/** Blobs of layers that lie in caches elsewhere. They come into the store when their bytes are needed. */
export class DistantBlobs {
  readonly #store: Store;
  readonly #caches: ImportedCaches | undefined;
  readonly #access: Access;
  readonly #byDiffId = new Map<Digest, DistantLayer>();
  readonly #byDigest = new Map<Digest, DistantLayer>();

  constructor(store: Store, caches: ImportedCaches | undefined, access: Access) {
    this.#store = store;
    this.#caches = caches;
    this.#access = access;
  }

  add(layer: DistantLayer): void {
    this.#byDiffId.set(layer.diffId, layer);
    this.#byDigest.set(layer.blob.digest, layer);
  }

  find(diffId: Digest): DistantLayer | undefined {
    return this.#byDiffId.get(diffId);
  }

  withDigest(digest: Digest): DistantLayer | undefined {
    return this.#byDigest.get(digest);
  }

  /** Opens a blob in the cache that has it, for who checks its bytes. */
  async open(layer: Pick<DistantLayer, "blob" | "cache">): Promise<(start: number) => AsyncIterable<Uint8Array>> {
    const source = await this.#caches?.source(layer.cache);
    if (!source) throw fault("BLOB_MISSING", { digest: layer.blob.digest });
    return (start) => source.blobOpen(layer.blob, { start, signal: this.#access.signal ?? new AbortController().signal });
  }

  /** Brings the blob of a layer into the store, and looks whether it is the layer that the cache says. @throws LAYER_CLAIMED, BLOB_MISMATCH, … */
  async fetch(layer: DistantLayer): Promise<Descriptor> {
    const { blob, diffId } = layer;
    const fetched = await fetchLayer(this.#store, { diffIds: [diffId], descriptors: [blob], sources: [], open: () => this.open(layer) }, diffId, blob, this.#access);
    await this.check(diffId, fetched);
    return fetched;
  }

  /** @throws LAYER_CLAIMED when a blob of the store holds another layer */
  async check(diffId: Digest, blob: Descriptor): Promise<void> {
    const codec = layerCodec(blob.mediaType)!;
    const found = this.#store.layers.diffIdOf(blob.digest) ?? (await inWorker<Parameters<typeof hashLayer>[0], Digest>(
      "layer/hash-layer.ts", "hashLayer", { blob: this.#store.blobs.path(blob.digest), codec }, this.#access.signal ? { signal: this.#access.signal } : {},
    ));
    if (found !== diffId) throw fault("LAYER_CLAIMED", { digest: blob.digest, claimed: diffId, found });
    this.#store.layers.remember({ diffId, digest: blob.digest, size: blob.size, mediaType: blob.mediaType, codec });
  }
}
