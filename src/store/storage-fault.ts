import { statfsSync } from "node:fs";
import { diskFault } from "../std/disk-fault.ts";
import { fault, isFault } from "../std/fault.ts";

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const BUSY = 5, LOCKED = 6, READONLY = 8, IOERR = 10, CORRUPT = 11, FULL = 13, CANTOPEN = 14, NOTADB = 26;

/**
 * The fault for what a file system or SQLite refused while `path` was used; other errors as they are.
 * DISK_FULL, READ_ONLY, STORE_BUSY, STORE_CORRUPT.
 */
export function storageFault(error: unknown, path: string): unknown {
  if (isFault(error) || !(error instanceof Error)) return error;
  const { code, errcode } = error as NodeJS.ErrnoException & { errcode?: number };
  if (code === "EACCES" || code === "EPERM") return fault("READ_ONLY", { path }, { cause: error });
  if (code !== "ERR_SQLITE_ERROR" || errcode === undefined) return diskFault(error, path) ?? error;
  switch (errcode & 0xff) {
    case BUSY:
    case LOCKED:
      return fault("STORE_BUSY", { path }, { cause: error });
    case READONLY:
    case CANTOPEN:
      return fault(isFull(path) ? "DISK_FULL" : "READ_ONLY", { path }, { cause: error });
    case FULL:
      return fault("DISK_FULL", { path }, { cause: error });
    case CORRUPT:
    case NOTADB:
      return fault("STORE_CORRUPT", { path, problem: error.message }, { cause: error });
    case IOERR:
      // A full disk shows as an I/O error where SQLite grows its shared-memory file.
      return isFull(path) ? fault("DISK_FULL", { path }, { cause: error }) : error;
    default:
      return error;
  }
}

/** Runs the work and turns what the storage refuses into faults that name `path`. */
export function guarded<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw storageFault(error, path);
  }
}

/** Undefined where the disk is too full for work that the next process can do as well: a store that is full is opened to make room. */
export function unlessFull<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!isFault(storageFault(error, ""), "DISK_FULL")) throw error;
    return undefined;
  }
}

function isFull(path: string): boolean {
  try {
    const space = statfsSync(path);
    return space.bavail === 0 || space.ffree === 0 && space.files > 0;
  } catch {
    return false;
  }
}
