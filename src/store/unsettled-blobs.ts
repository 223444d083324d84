import { closeSync, existsSync, fdatasyncSync, openSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { digestAlgorithm, type Digest } from "../oci/digest.ts";
import { counted } from "../std/counted.ts";
import { isFault } from "../std/fault.ts";
import { humanSize } from "../std/human-size.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { hashFiles, Hashed } from "./check/hash-files.ts";
import { SETTLED_AFTER } from "./blob-store.ts";
import { ownIdentity } from "./process-identity.ts";
import type { RemovalPlace } from "./removal.ts";

/** Bytes that are read before what was found is noted, so that an interruption loses no more. */
const BATCH = 256 * 1024 * 1024;
/** Less is read sooner than a thread starts. */
const SHORT = 16 * 1024 * 1024;

export interface SettleOptions {
  /** Ends the reading; what was read until then is noted. */
  readonly signal?: AbortSignal | undefined;
  /** Told before anything is read: what, how much and why, for people. */
  readonly onReading?: ((what: string) => void) | undefined;
}

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
 * before their bytes were on the disk. What is damaged or gone is given up, for its registry to give it again.
 * @throws the signal's reason
 */
export async function settleBlobs(place: RemovalPlace, { signal, onReading }: SettleOptions = {}): Promise<void> {
  const { boot } = ownIdentity();
  const before = Date.now() - SETTLED_AFTER;
  const rows = place.database.all<Row>("SELECT digest, size, unsettled, created_at FROM blob WHERE unsettled IS NOT NULL AND state = 1");
  noteSynced(place, rows.filter((row) => row.unsettled === boot && row.created_at < before));
  const earlier = rows.filter((row) => row.unsettled !== boot);
  if (earlier.length === 0) return;
  const bytes = earlier.reduce((sum, { size }) => sum + size, 0);
  onReading?.(`checking ${counted(earlier.length, "blob")} (${humanSize(bytes)}) that came shortly before this machine was last started`);
  const pending = batchesOf(earlier);
  const work = async (): Promise<void> => {
    for (let batch = pending.shift(); batch !== undefined; batch = pending.shift()) {
      const files = batch.map(({ digest }) => ({ path: place.blobs.path(digest), algorithm: digestAlgorithm(digest) }));
      const options = { short: bytes < SHORT, ...(signal ? { signal } : {}) };
      const found = await inWorker<Parameters<typeof hashFiles>[0], (Hashed | undefined)[]>("store/check/hash-files.ts", "hashFiles", files, options);
      const isWhole = ({ digest, size }: Row, index: number): boolean => found[index]?.digest === digest && found[index].size === size;
      // What is there and cannot be read is looked at by the next process.
      giveUp(place, batch.filter((row, index) => !isWhole(row, index) && (found[index] !== undefined || !existsSync(place.blobs.path(row.digest)))));
      noteSynced(place, batch.filter(isWhole));
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), pending.length) }, work));
}

function batchesOf(rows: readonly Row[]): Row[][] {
  const batches: Row[][] = [];
  let room = 0;
  for (const row of rows) {
    if (row.size > room) {
      batches.push([]);
      room = BATCH;
    }
    batches.at(-1)!.push(row);
    room -= row.size;
  }
  return batches;
}

/**
 * Removes file and row. On a full disk the file alone may go at first, which makes room for the rest; a row that stays without a
 * file is found here by the next process, since it is unsettled still.
 */
function giveUp({ database, blobs }: RemovalPlace, damaged: readonly Row[]): void {
  if (damaged.length === 0) return;
  const remove = (): void => database.transaction(() => {
    for (const { digest, unsettled, created_at } of damaged) {
      const same = [digest, unsettled, created_at] as const;
      // Another process may have fetched it again meanwhile.
      if (!database.get(`SELECT 1 FROM blob WHERE ${SAME} AND state = 1`, ...same)) continue;
      rmSync(blobs.path(digest), { force: true });
      database.run(`DELETE FROM blob WHERE ${SAME}`, ...same);
    }
  });
  if (!isNoted(remove)) isNoted(remove);
}

function noteSynced({ database, blobs }: RemovalPlace, rows: readonly Row[]): void {
  const synced = rows.filter(({ digest }) => isSynced(blobs.path(digest)));
  if (synced.length === 0) return;
  isNoted(() => database.transaction(() => {
    for (const { digest, unsettled, created_at } of synced) database.run(`UPDATE blob SET unsettled = NULL WHERE ${SAME}`, digest, unsettled, created_at);
  }));
}

const SAME = "digest = ? AND unsettled = ? AND created_at = ?";

/** False where the next process has to do it: a store that is full is opened to make room. */
function isNoted(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!isFault(error, "DISK_FULL") && !isFault(error, "STORE_BUSY")) throw error;
    return false;
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
