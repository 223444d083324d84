import { baseOf } from "../solve/layer-count.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { DistantLayer, Result } from "../solve/ports.ts";
import type { Store } from "../store/open-store.ts";
import { packSnapshot, type BlobTaker, type PackedLayer } from "./layer-blobs.ts";
import type { Packing } from "./packing.ts";

/** A layer of a result, upon its base image. */
export interface OwnLayer extends PackedLayer {
  /** The folder that lies upon all layers below, where there is one. */
  readonly snapshot: string | undefined;
  /** For a layer that lies in a cache elsewhere. */
  readonly distant?: DistantLayer;
}

/** The results of steps, and where their files are by now. */
export interface SnapshotsNow {
  get(vertex: Vertex): Result | undefined;
  snapshotNow(vertex: Vertex): string | undefined;
}

/** How a layer is packed. */
export interface PackingJob {
  /** Undefined where its tar is only hashed. */
  readonly packing: Packing | undefined;
  /** Gets the blob if it is made, not if it was there. */
  readonly taker?: BlobTaker;
}

export interface PackingOptions {
  /** The layers that are packed as soon as they are there. */
  readonly jobOf: (vertex: Vertex) => PackingJob | undefined;
  /** How others are packed when somebody asks for them. */
  readonly packing: Packing | undefined;
  readonly signal: AbortSignal;
}

/** Hashes and packs layers as soon as each is there, while later steps run. What nobody waited for is given up when it is disposed of. */
export class LayerPacking implements AsyncDisposable {
  readonly #store: Store;
  readonly #options: PackingOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #pending = new Map<string, Promise<PackedLayer>>();

  constructor(store: Store, options: PackingOptions) {
    this.#store = store;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
  }

  add(vertex: Vertex, result: Result): void {
    const job = result.snapshot === undefined ? undefined : this.#options.jobOf(vertex);
    if (job) void this.#pack(result.snapshot!, job);
  }

  /**
   * The layers of a result upon its base image, bottom first, packed. They are those that its own files lie upon, whatever
   * the results of the steps below it are by now.
   */
  async layersOf(vertex: Vertex | undefined, results: SnapshotsNow): Promise<readonly OwnLayer[]> {
    if (!vertex || vertex.operation.kind === "image") return [];
    const result = results.get(vertex)!;
    if (vertex.operation.kind === "merge") {
      const [below, [own]] = await Promise.all([this.layersOf(vertex.inputs[0], results), this.layersOf(vertex.inputs[1], results)]);
      return [...below, { ...own!, snapshot: results.snapshotNow(vertex) }];
    }
    if (result.snapshot === undefined) return (result.distant ?? []).map((distant) => ({ diffId: distant.diffId, blob: distant.blob, size: 0, snapshot: undefined, distant }));
    const [below, base] = [vertex.inputs[0], baseOf(vertex)?.operation];
    if (this.#store.snapshots.get(result.snapshot)!.parent === (below && results.snapshotNow(below))) {
      const [lower, own] = await Promise.all([this.layersOf(below, results), this.#pack(result.snapshot)]);
      return [...lower, { ...own, snapshot: result.snapshot }];
    }
    const chain = this.#store.snapshots.chain(result.snapshot).slice(base?.kind === "image" ? base.diffIds.length : 0);
    return Promise.all(chain.map(async ({ id }) => ({ ...(await this.#pack(id)), snapshot: id })));
  }

  /** After a step has failed, layers of others are still being packed: the store is not to be closed before they have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#pending.values());
  }

  #pack(snapshot: string, { packing, taker }: PackingJob = this.#options): Promise<PackedLayer> {
    const signal = this.#signal;
    let packed = this.#pending.get(snapshot);
    if (!packed) {
      packed = packSnapshot(this.#store, snapshot, { packing, signal, taker });
      packed.catch(() => undefined);
      this.#pending.set(snapshot, packed);
    }
    return packed;
  }
}
