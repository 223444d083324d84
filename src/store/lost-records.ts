import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fault } from "../std/fault.ts";

/** Where things lie of which only the database tells what they are. */
const KEPT = ["blobs/sha256", "blobs/sha512", "snapshots", "containers"];

/** Bytes (sqlite.org/walformat.html, 2.2). */
const MEMORY_PIECE = 32 * 1024;

/** How often two files are looked at that another process may be removing one after the other. */
const LOOKS = 3;

/**
 * Refuses a store whose database, or SQLite's log of it, was taken away while the rest is there. SQLite would make an empty one, or
 * go back to an older state, and what lies in the store would belong to nothing: the next collection would delete it. To be called before SQLite
 * opens the file, since it removes a log without a database. Where all is well it looks at two files.
 * @throws STORE_RECORDS_LOST
 */
export function refuseLostRecords(root: string, database: string): void {
  if (sizeOf(database) === 0) refuseNewDatabase(root, () => sizeOf(database) === 0);
  else if (isLogLost(database)) throw fault("STORE_RECORDS_LOST", { root, path: `${database}-wal`, what: "log" });
}

/**
 * Refuses to begin a new database in a store that holds something.
 * @param isNew asked again after something was found: another process may have begun it meanwhile
 * @throws STORE_RECORDS_LOST
 */
export function refuseNewDatabase(root: string, isNew: () => boolean = () => true): void {
  if (KEPT.some((folder) => namesIn(join(root, folder)).length > 0) && isNew()) {
    throw fault("STORE_RECORDS_LOST", { root, path: join(root, "sampan.db"), what: "database" });
  }
}

/**
 * SQLite's shared memory without its log: SQLite makes the log first and removes it last, so somebody else has removed it. Who removes
 * both is not found out. The memory has a whole piece at least; less of it is what an attempt on a full disk left (Database).
 */
function isLogLost(database: string): boolean {
  for (let look = 0; look < LOOKS; look += 1) {
    if (exists(`${database}-wal`) || sizeOf(`${database}-shm`) < MEMORY_PIECE) return false;
  }
  return !exists(`${database}-wal`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // some are made with the first thing in them
  }
}
