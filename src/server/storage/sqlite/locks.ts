import { dirname } from "node:path";
import { isFault } from "../../../std/fault.ts";
import { lockRoot } from "../folder/root-lock.ts";
import type { Locks } from "../locks.ts";
import type { SqliteContext } from "./context.ts";

/** Locks of files beside the database: all processes that use it are on one machine. */
export function lockPart({ database }: SqliteContext): Locks {
  return {
    async tryLock(name) {
      try {
        const unlock = lockRoot(dirname(database.path), `${name}.lock`);
        // The kernel gives it up with the process, and not before.
        return { lost: new AbortController().signal, [Symbol.asyncDispose]: async () => unlock() };
      } catch (error) {
        if (isFault(error, "SERVER_UPKEEP_BUSY")) return undefined;
        throw error;
      }
    },
  };
}
