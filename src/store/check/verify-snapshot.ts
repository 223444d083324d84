import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../oci/digest.ts";
import type { Codec } from "../../oci/media-type.ts";
import type { applyLayer } from "../../layer/apply-layer.ts";
import type { packLayer } from "../../layer/pack-layer.ts";
import { insideUserNamespace } from "../../linux/user-namespace.ts";
import { copyRootAttributes } from "../snapshot-store.ts";
import { isFault } from "../../std/fault.ts";
import { inWorker } from "../../std/worker-pool.ts";
import type { RemovalPlace } from "../removal.ts";
import { removeTree } from "../remove-tree.ts";
import type { compareFolders, Walked } from "./walk-snapshot.ts";

export interface LayerFolder {
  readonly id: number;
  readonly folder: string;
  /** Folders of the layers below, top first; none where the layer was made on its own. */
  readonly lowers: readonly string[];
  readonly diffId: Digest | null;
}

export interface VerifyOptions {
  /** Blobs that are not what they should be. */
  readonly lost: ReadonlySet<Digest>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether a layer folder holds what its layer does. One that was made here makes the same tar again, whose digest is known; of one that was
 * unpacked the blob is unpacked again, beside it, and compared. Where there is neither, the files' times have to do.
 * @returns what is wrong
 */
export async function verifySnapshot(place: RemovalPlace, layer: LayerFolder, { changed }: Walked, { lost, signal }: VerifyOptions): Promise<string | undefined> {
  const stoppable = signal ? { signal } : {};
  if (layer.diffId !== null && await diffIdOf(layer, stoppable) === layer.diffId) return undefined;
  const blob = place.database
    .all<{ digest: Digest; codec: Codec }>("SELECT digest, codec FROM layer_blob JOIN blob USING (digest) WHERE diff_id = ? AND state = 1 ORDER BY codec <> 'none', digest", layer.diffId)
    .find(({ digest }) => !lost.has(digest));
  if (blob === undefined) return changed.length === 0 ? undefined : `was changed after it was made: ${changed.join(", ")}`;
  const expected = place.lease.temporaryPath("expected");
  try {
    mkdirSync(expected, { mode: 0o755 });
    copyRootAttributes(layer.lowers[0], expected);
    await inWorker<Parameters<typeof applyLayer>[0], unknown>("layer/apply-layer.ts", "applyLayer", {
      blob: place.blobs.path(blob.digest), codec: blob.codec, target: expected, lowers: layer.lowers, recordOwners: insideUserNamespace()?.mapped === "one", expectedDiffId: layer.diffId!,
    }, stoppable);
    const differences = await inWorker<Parameters<typeof compareFolders>[0], string[]>("store/check/walk-snapshot.ts", "compareFolders", { folder: layer.folder, expected }, stoppable);
    return differences.length === 0 ? undefined : `is not what its layer holds: ${differences.join(", ")}`;
  } finally {
    await removeTree(expected);
  }
}

/** Undefined where no layer can be made of the files any more. */
async function diffIdOf({ folder, lowers }: LayerFolder, options: { readonly signal?: AbortSignal }): Promise<Digest | undefined> {
  try {
    return (await inWorker<Parameters<typeof packLayer>[0], Awaited<ReturnType<typeof packLayer>>>("layer/pack-layer.ts", "packLayer", { upper: folder, lowers, codec: "none" }, options)).diffId;
  } catch (error) {
    if (isFault(error, "FILE_CHANGED") || isFault(error, "FILE_NAME_INVALID")) return undefined;
    throw error;
  }
}

/** Where the layers below a snapshot lie, top first. */
export function lowersOf(rows: ReadonlyMap<number, { readonly parent: number | null }>, id: number, snapshots: string): string[] {
  const lowers: string[] = [];
  for (let parent = rows.get(id)!.parent; parent !== null; parent = rows.get(parent)?.parent ?? null) lowers.push(join(snapshots, parent.toString(36), "fs"));
  return lowers;
}
