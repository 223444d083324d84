import type { Vertex } from "../graph/vertex.ts";
import type { ImportedCaches } from "../cache/imported-caches.ts";
import type { Solved } from "../solve/solve.ts";
import type { OnProgress } from "../std/progress.ts";
import type { ArriveOptions } from "./arrive.ts";
import type { LayerPacking, OwnLayer, SnapshotsNow } from "./layer-packing.ts";

export interface SettleOptions extends ArriveOptions {
  readonly packing: LayerPacking;
  readonly results: SnapshotsNow;
  readonly solved: Solved;
  readonly imported: ImportedCaches | undefined;
  readonly onProgress: OnProgress;
}

/**
 * The layers of the target, packed, or known to be where the image goes. Where a cache does not keep its word, the steps are
 * done after all.
 */
export async function settleLayers(target: Vertex, options: SettleOptions): Promise<readonly OwnLayer[]> {
  const { packing, results, solved, imported, signal, onProgress } = options;
  const step = { type: "step", id: "export layers", name: "exporting layers", started: Date.now() } as const;
  onProgress(step);
  let layers = await packing.layersOf(target, results);
  const distant = layers.flatMap((layer) => layer.distant ?? []);
  if (distant.length > 0) {
    try {
      await (await import("./arrive.ts")).arrive(distant, options);
    } catch (error) {
      signal.throwIfAborted();
      imported!.lost(distant[0]!.cache, target, error);
      await solved.realize(target);
      layers = await packing.layersOf(target, results);
    }
  }
  onProgress({ ...step, completed: Date.now() });
  return layers;
}
