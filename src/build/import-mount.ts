import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ImportedMounts } from "../cache/mounts/imported-mounts.ts";
import { applyAttributes } from "../files/apply-attributes.ts";
import type { applyLayer } from "../layer/apply-layer.ts";
import { layerCodec } from "../oci/media-type.ts";
import { reportBlob } from "../registry/transfer/transfer-progress.ts";
import type { OnProgress } from "../std/progress.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { Store } from "../store/open-store.ts";
import { removeTree } from "../store/remove-tree.ts";

export interface ImportMountOptions {
  readonly store: Store;
  readonly recordOwners: boolean;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * Fills the folder of a cache mount that is new on this machine with what another machine has kept of it: makes `<folder>/fs`.
 * @returns false, with nothing made, where nobody has it or what somebody has cannot be used
 */
export async function importMount(imported: ImportedMounts, wanted: { readonly name: string; readonly seed: string }, folder: string, options: ImportMountOptions): Promise<boolean> {
  const found = await imported.find(wanted.name, wanted.seed);
  if (!found) return false;
  const { mount: { blob, diffId, mode, uid, gid }, source, place } = found;
  const { store, recordOwners, onProgress, signal } = options;
  const id = `importing cache mount ${wanted.name} from ${place}`;
  const step = { type: "step", id, name: id, started: Date.now() } as const;
  const target = join(folder, "fs");
  onProgress(step);
  try {
    const progress = reportBlob(onProgress, id, "pulling", blob);
    if (!store.blobs.has(blob.digest)) {
      let received = 0;
      await store.blobs.resume((start) => source.blobOpen(blob, { start: (received = start), signal }), {
        digest: blob.digest, size: blob.size, signal, onBytes: (bytes: number) => progress.advance(received += bytes),
      });
    }
    progress.done();
    mkdirSync(target);
    await inWorker<Parameters<typeof applyLayer>[0], Awaited<ReturnType<typeof applyLayer>>>(
      "layer/apply-layer.ts", "applyLayer",
      { blob: store.blobs.path(blob.digest), codec: layerCodec(blob.mediaType)!, target, lowers: [], recordOwners, expectedDiffId: diffId, name: `of the cache mount ${wanted.name}` },
      { signal },
    );
    applyAttributes(target, { owner: { uid, gid }, mode }, recordOwners);
    return true;
  } catch (error) {
    await removeTree(target);
    signal.throwIfAborted();
    onProgress({ type: "warning", id, message: `the cache mount ${wanted.name} of ${place} is not used: ${error instanceof Error ? error.message : String(error)}` });
    return false;
  } finally {
    onProgress({ ...step, completed: Date.now() });
  }
}
