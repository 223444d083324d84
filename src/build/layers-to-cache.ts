import { rmSync } from "node:fs";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import type { LayerToCache } from "../cache/gather-cache.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { layerCodec, ociLayerType } from "../oci/media-type.ts";
import type { recompressLayer } from "../layer/recompress-layer.ts";
import { fault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { DistantLayer } from "../solve/ports.ts";
import type { Store } from "../store/open-store.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import { knownBlob, packSnapshot } from "./layer-blobs.ts";
import type { OwnLayer } from "./layer-packing.ts";
import type { Packing } from "./packing.ts";

export interface LayersToCacheOptions {
  readonly store: Store;
  readonly blobs: DistantBlobs;
  readonly packing: Packing;
  readonly signal: AbortSignal;
}

/** A layer that a cache elsewhere does not give. */
export class LostLayer extends Error {
  readonly layer: DistantLayer;

  constructor(layer: DistantLayer, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.layer = layer;
  }
}

/**
 * The layers of a cache in the form that is asked for, each packed once. Those that lie in caches elsewhere stay there until
 * somebody wants their bytes. What is packed in another way only for this lies in files of this process.
 */
export class LayersToCache implements AsyncDisposable {
  readonly #options: LayersToCacheOptions;
  readonly #forms = new Map<Digest, Promise<LayerToCache>>();
  readonly #distant = new Map<Digest, DistantLayer>();
  readonly #files = new Map<Digest, string>();

  constructor(options: LayersToCacheOptions) {
    this.#options = options;
  }

  add(layer: OwnLayer): Promise<LayerToCache> {
    let form = this.#forms.get(layer.diffId);
    if (!form) this.#forms.set(layer.diffId, (form = this.#form(layer)));
    return form;
  }

  /** The cache elsewhere that a layer is in. */
  cacheOf({ digest }: Descriptor): string | undefined {
    return this.#distant.get(digest)?.cache;
  }

  /** The bytes of a layer, for who has to send it. @throws LostLayer */
  async open({ digest }: Descriptor): Promise<(start: number) => AsyncIterable<Uint8Array>> {
    const { store } = this.#options;
    const file = this.#files.get(digest);
    if (file !== undefined) return (start) => createReadStream(file, { start }) as AsyncIterable<Uint8Array>;
    const distant = this.#distant.get(digest);
    if (distant && !store.blobs.has(digest)) await this.#fetch(distant);
    return (start) => store.blobs.read(digest, { start });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files.values()) rmSync(file, { force: true });
  }

  async #form({ diffId, blob, snapshot, distant }: OwnLayer): Promise<LayerToCache> {
    const { store, packing, signal } = this.#options;
    if (distant) this.#distant.set(distant.blob.digest, distant);
    if (!packing.force) {
      // A layer is packed once in its life: what is there, or on its way to the image's place, is as good.
      const there = blob ?? knownBlob(store, diffId);
      if (there) return { diffId, blob: there };
    } else if (distant) return this.#converted(distant);
    const known = packing.force && packing.level === undefined ? knownBlob(store, diffId, packing.codec) : undefined;
    if (known) return { diffId, blob: known };
    const packed = snapshot === undefined ? undefined : await packSnapshot(store, snapshot, { packing, signal });
    if (!packed?.blob) throw fault("LAYER_MISSING", { diffId, sources: [] });
    return { diffId, blob: packed.blob };
  }

  async #converted(distant: DistantLayer): Promise<LayerToCache> {
    const { store, packing, signal } = this.#options;
    const { diffId } = distant;
    const from = layerCodec(distant.blob.mediaType)!;
    if (from === packing.codec) return { diffId, blob: distant.blob };
    const fetched = await this.#fetch(distant);
    const output = join(store.temporary, `cache-layer-${randomUUID()}`);
    const { digest, size } = await inWorker<Parameters<typeof recompressLayer>[0], Awaited<ReturnType<typeof recompressLayer>>>(
      "layer/recompress-layer.ts", "recompressLayer",
      { blob: store.blobs.path(fetched.digest), from: layerCodec(fetched.mediaType)!, diffId, codec: packing.codec, ...(packing.level === undefined ? {} : { level: packing.level }), output },
      { signal },
    );
    this.#files.set(digest, output);
    return { diffId, blob: { mediaType: ociLayerType(packing.codec), digest, size } };
  }

  async #fetch(layer: DistantLayer): Promise<Descriptor> {
    try {
      return await this.#options.blobs.fetch(layer);
    } catch (error) {
      this.#options.signal.throwIfAborted();
      throw new LostLayer(layer, error);
    }
  }
}
