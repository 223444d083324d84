import type { linkTree } from "../snapshot/link-tree.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { Snapshot } from "../store/snapshot-store.ts";
import type { Store } from "../store/open-store.ts";

/**
 * Puts a layer that was made on its own (COPY --link) upon another stack: a new snapshot whose files are those of the layer.
 * @throws SNAPSHOT_MISSING
 */
export async function stackMerge(store: Store, base: string | undefined, layer: string, signal?: AbortSignal): Promise<Snapshot> {
  const made = store.snapshots.chain(layer).at(-1)!;
  const active = store.snapshots.prepare(base);
  try {
    await inWorker<Parameters<typeof linkTree>[0], void>("snapshot/link-tree.ts", "linkTree", { from: made.folder, to: active.upper }, signal ? { signal, short: true } : { short: true });
    return store.snapshots.commit(active, { createdAt: made.createdAt, size: made.size, diffId: made.diffId, links: made.id });
  } catch (error) {
    await store.snapshots.discard(active);
    throw error;
  }
}
