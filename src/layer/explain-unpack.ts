import { diskFault } from "../std/disk-fault.ts";
import { fault, isFault } from "../std/fault.ts";

/**
 * The fault that says what an error of the file system means for somebody who unpacks an archive; other errors as they are.
 * @param root the folder that is written to
 */
export function explainUnpack(error: unknown, archive: string, entry: string, root: string): unknown {
  if (isFault(error)) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENAMETOOLONG":
      return fault("ARCHIVE_INVALID", { archive, entry, problem: "its name or link target is too long for this file system" }, { cause: error });
    case "EMLINK":
      return fault("ARCHIVE_INVALID", { archive, entry, problem: "its file has more names than this file system allows" }, { cause: error });
    default:
      return diskFault(error, root) ?? error;
  }
}
