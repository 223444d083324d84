import { diskFault } from "../std/disk-fault.ts";
import { fault } from "../std/fault.ts";

/**
 * The fault for a layer folder that could not be written to; other errors as they are.
 * @param path what the operation was about, in the image.
 */
export function writeFault(error: unknown, upper: string, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EACCES") return fault("READ_ONLY", { path: upper }, { cause: error });
  if (code === "ENAMETOOLONG") return fault("COPY_PATH_INVALID", { path, problem: "a name in it is too long" }, { cause: error });
  return diskFault(error, upper) ?? error;
}
