import { closeSync, fdatasyncSync, openSync, rmSync } from "node:fs";
import { digestAlgorithm, type Digest } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import { hashFiles } from "./check/hash-files.ts";
import { SETTLED_AFTER } from "./blob-store.ts";
import { ownIdentity } from "./process-identity.ts";
import type { RemovalPlace } from "./removal.ts";

interface Row {
  readonly digest: Digest;
  readonly size: number;
  /** The boot in which it was written. */
  readonly unsettled: string;
  readonly created_at: number;
}

/**
 * Brings blobs that nobody waited for (BlobStore.resume) to a state that a power cut cannot change. Those of this boot are synced once
 * the kernel has written them by itself, which takes no time then. Those of an earlier boot are read: a power cut may have come
 * before their bytes were on the disk. What is damaged is given up, for its registry to give it again.
 */
export function settleBlobs({ database, blobs }: RemovalPlace): void {
  const { boot } = ownIdentity();
  const before = Date.now() - SETTLED_AFTER;
  const synced: Row[] = [];
  for (const row of database.all<Row>("SELECT digest, size, unsettled, created_at FROM blob WHERE unsettled IS NOT NULL AND state = 1")) {
    const { digest, size, unsettled } = row;
    if (unsettled === boot && row.created_at >= before) continue;
    const path = blobs.path(digest);
    if (unsettled !== boot) {
      const [found] = hashFiles([{ path, algorithm: digestAlgorithm(digest) }]);
      // What is gone belongs to checkAfterBoot; what cannot be read now is looked at by the next process.
      if (!found) continue;
      if (found.digest !== digest || found.size !== size) {
        database.transaction(() => {
          // Another process may have fetched it again meanwhile.
          if (database.run("DELETE FROM blob WHERE digest = ? AND unsettled = ? AND state = 1", digest, unsettled).changes > 0) rmSync(path, { force: true });
        });
        continue;
      }
    }
    if (isSynced(path)) synced.push(row);
  }
  if (synced.length === 0) return;
  try {
    database.transaction(() => {
      for (const { digest, unsettled, created_at } of synced) {
        database.run("UPDATE blob SET unsettled = NULL WHERE digest = ? AND unsettled = ? AND created_at = ?", digest, unsettled, created_at);
      }
    });
  } catch (error) {
    // The next process notes it; a store that is full is opened to make room.
    if (!isFault(error, "DISK_FULL") && !isFault(error, "STORE_BUSY")) throw error;
  }
}

/** False where it is gone, or the disk has trouble: the next process looks again. */
function isSynced(path: string): boolean {
  try {
    const file = openSync(path, "r");
    try {
      fdatasyncSync(file);
      return true;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
