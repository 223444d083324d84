import { fault, type Fault } from "./fault.ts";

/**
 * The fault for a file system that is full or read-only, which means the same wherever it is met; undefined for any
 * other error.
 * @param path what was being written to, as it helps a person to find the disk.
 */
export function diskFault(error: unknown, path: string): Fault | undefined {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case "ENOSPC":
    case "EDQUOT":
      return fault("DISK_FULL", { path }, { cause: error });
    case "EROFS":
      return fault("READ_ONLY", { path }, { cause: error });
    default:
      return undefined;
  }
}
