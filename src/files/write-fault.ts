import { fault } from "../std/fault.ts";

/** The fault for a layer folder that could not be written to; other errors as they are. */
export function writeFault(error: unknown, upper: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") return fault("DISK_FULL", { path: upper }, { cause: error });
  if (code === "EROFS" || code === "EACCES") return fault("READ_ONLY", { path: upper }, { cause: error });
  return error;
}
