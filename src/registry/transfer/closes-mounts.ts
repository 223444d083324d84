import type { Fault } from "../../std/fault.ts";

/** Whether a repository need not be asked for other blobs after a mount failed with this: one that merely lacks the one may have these. */
export function closesMounts(error: Fault): boolean {
  return !["BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN"].includes(error.code);
}
