import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { digestAlgorithm, type Digest } from "../../oci/digest.ts";
import { humanSize } from "../../std/human-size.ts";
import { inWorker } from "../../std/worker-pool.ts";
import { moveAway, type RemovalPlace } from "../removal.ts";
import type { hashFiles, Hashed } from "./hash-files.ts";
import type { Finding } from "./problem.ts";

/** Blobs that one worker reads before it takes the next ones. */
const BATCH = 16;

export interface BlobRow {
  readonly digest: Digest;
  readonly size: number;
  /** When it came, in milliseconds. */
  readonly created_at: number;
}

/** Reads every blob. @returns those with which something is wrong, and what */
export async function checkBlobs(place: RemovalPlace, options: { readonly signal?: AbortSignal | undefined; readonly onBytes: (count: number) => void }): Promise<Map<BlobRow, string>> {
  const { database, blobs } = place;
  const rows = database.all<BlobRow>("SELECT digest, size, created_at FROM blob WHERE state = 1 ORDER BY digest");
  const problems = new Map<BlobRow, string>();
  const pending = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, index) => rows.slice(index * BATCH, (index + 1) * BATCH));
  const work = async (): Promise<void> => {
    for (let batch = pending.shift(); batch !== undefined; batch = pending.shift()) {
      const files = batch.map(({ digest }) => ({ path: blobs.path(digest), algorithm: digestAlgorithm(digest) }));
      const found = await inWorker<Parameters<typeof hashFiles>[0], (Hashed | undefined)[]>("store/check/hash-files.ts", "hashFiles", files, options.signal ? { signal: options.signal } : {});
      batch.forEach((row, index) => {
        const problem = problemOf(row, found[index], blobs.path(row.digest));
        if (problem !== undefined && isPresent(place, row)) problems.set(row, problem);
        options.onBytes(row.size);
      });
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return problems;
}

function problemOf({ digest, size }: BlobRow, found: Hashed | undefined, path: string): string | undefined {
  if (found === undefined) return existsSync(path) ? "cannot be read" : "is missing from the disk";
  if (found.size !== size) return `has ${found.size} bytes instead of ${size}`;
  return found.digest === digest ? undefined : "has other content than its digest says";
}

/** It may have been removed meanwhile, by another process, and have come again: then what was looked at is not what is there. */
function isPresent({ database }: RemovalPlace, { digest, created_at: createdAt }: BlobRow): boolean {
  return database.get("SELECT 1 FROM blob WHERE digest = ? AND state = 1 AND created_at = ?", digest, createdAt) !== undefined;
}

/** @param options.lost layer folders that cannot be packed again; @param options.trash gets the files that are to be deleted */
export function blobFinding(place: RemovalPlace, row: BlobRow, problem: string, options: { readonly lost: ReadonlySet<number>; readonly trash: string[] }): Finding {
  const { database, lease, blobs } = place;
  return {
    what: `blob ${row.digest} (${humanSize(row.size)}) ${problem}`,
    repair: "it is deleted",
    loses: lossOf(place, row.digest, options.lost),
    fix: () => {
      if (!isPresent(place, row)) return true;
      moveAway(blobs.path(row.digest), lease.temporaryPath("damaged"), options.trash);
      database.run("DELETE FROM blob WHERE digest = ?", row.digest);
      return true;
    },
  };
}

/** What goes with a blob: a layer may be got again, of config and manifest the images say it (check-images.ts). */
function lossOf({ database }: RemovalPlace, digest: Digest, lost: ReadonlySet<number>): string {
  const needed = database.get("SELECT 1 FROM image_blob JOIN image ON image.id = image WHERE digest = ? AND state = 1", digest) !== undefined;
  const layer = database.get("SELECT 1 FROM layer_blob WHERE digest = ?", digest);
  const unpacked = database.all<{ id: number }>("SELECT snapshot.id FROM layer_blob JOIN snapshot USING (diff_id) WHERE digest = ? AND state = 1", digest);
  if (unpacked.some(({ id }) => !lost.has(id))) return "nothing: the layer is packed again from its files when it is needed";
  if (!needed) return layer === undefined ? "nothing: no image needs it" : "a packed layer that no image needs";
  const source = database.get<{ name: string }>("SELECT repo_digest AS name FROM image_blob JOIN image_repo_digest USING (image) WHERE digest = ? LIMIT 1", digest);
  return source === undefined ? "what images need of it" : `nothing while ${source.name} can be pulled`;
}
