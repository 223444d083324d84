import { renameSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";

/** Rows that are worked off under one hold of the write lock, so that other processes get their turn. */
const BATCH = 64;

/** Where things are removed from. */
export interface RemovalPlace {
  readonly database: Database;
  readonly lease: Lease;
  readonly blobs: BlobStore;
  /** The folder of all snapshots. */
  readonly snapshots: string;
  /** The folder of all containers, which may not be there yet. */
  readonly containers: string;
  /** The folder of all caches of RUN, which may not be there yet. */
  readonly cacheMounts: string;
}

export interface Removed {
  readonly blobs: number;
  readonly blobBytes: number;
  readonly snapshots: number;
  /** Bytes of the files of snapshots whose size was known. */
  readonly snapshotBytes: number;
  /** Caches of RUN, and bytes of their files. */
  readonly mounts: number;
  readonly mountBytes: number;
  /** Where the files are now: out of the way, for the caller to delete. */
  readonly trash: readonly string[];
}

/**
 * Moves what this process's lease has marked for removal (state 2) into the lease's folder and deletes its rows. A kill
 * in between leaves rows in state 2, which count as absent and which the next process takes over, or files in the
 * dead lease's folder, which the next process deletes.
 */
export function finishRemoval({ database, lease, blobs, snapshots, cacheMounts }: RemovalPlace): Removed {
  const trash: string[] = [];
  const removed = { blobs: 0, blobBytes: 0, snapshots: 0, snapshotBytes: 0, mounts: 0, mountBytes: 0, trash };
  const batches = (work: () => number): void => {
    while (database.transaction(work) === BATCH);
  };
  batches(() => {
    const rows = database.all<{ digest: Digest; size: number }>("SELECT digest, size FROM blob WHERE owner = ? AND state = 2 LIMIT ?", lease.id, BATCH);
    for (const { digest, size } of rows) {
      moveAway(blobs.path(digest), lease.temporaryPath("removed"), trash);
      database.run("DELETE FROM blob WHERE digest = ?", digest);
      removed.blobs += 1;
      removed.blobBytes += size;
    }
    return rows.length;
  });
  batches(() => {
    const rows = database.all<{ id: number; size: number | null }>("SELECT id, size FROM snapshot WHERE owner = ? AND state = 2 LIMIT ?", lease.id, BATCH);
    for (const { id, size } of rows) {
      const folder = join(snapshots, id.toString(36));
      moveAway(folder, lease.temporaryPath("removed"), trash);
      database.run("DELETE FROM snapshot WHERE id = ?", id);
      database.run("DELETE FROM file_digest_scope WHERE scope = ?", join(folder, "fs"));
      removed.snapshots += 1;
      removed.snapshotBytes += size ?? 0;
    }
    return rows.length;
  });
  batches(() => {
    const rows = database.all<{ id: number; size: number | null }>("SELECT id, size FROM cache_mount WHERE owner = ? AND state = 2 LIMIT ?", lease.id, BATCH);
    for (const { id, size } of rows) {
      moveAway(join(cacheMounts, id.toString(36)), lease.temporaryPath("removed"), trash);
      database.run("DELETE FROM cache_mount WHERE id = ?", id);
      removed.mounts += 1;
      removed.mountBytes += size ?? 0;
    }
    return rows.length;
  });
  return removed;
}

/** Renames a file or folder out of the way and notes its new place; one that is gone already is fine. */
export function moveAway(from: string, to: string, trash: string[]): void {
  try {
    renameSync(from, to);
    trash.push(to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
