import { accessSync, constants } from "node:fs";
import { diskFault } from "../../std/disk-fault.ts";
import { fault, isFault, type Fault } from "../../std/fault.ts";

/** The fault that an error is, or that its system error number stands for; undefined for anything else. */
export function asFault(error: unknown): Fault | undefined {
  if (isFault(error)) return error;
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  const path = blamed(error);
  const disk = diskFault(error, path ?? "the store");
  if (disk) return disk;
  if ((code === "EACCES" || code === "EPERM" || code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") && path !== undefined) {
    return fault("FILE_PROBLEM", { path, problem: problems[code] }, { cause: error });
  }
  return isFault(error.cause) ? error.cause : undefined;
}

/** The path that an error is about. Of two that were to be copied or moved it is the second, where the first can be read. */
function blamed(error: NodeJS.ErrnoException & { dest?: string }): string | undefined {
  const { path, dest } = error;
  if (path === undefined || dest === undefined) return path;
  try {
    accessSync(path, constants.R_OK);
    return dest;
  } catch {
    return path;
  }
}

const problems = {
  EACCES: "permission denied",
  EPERM: "the operation is not permitted",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is no directory",
  EISDIR: "it is a directory",
} as const;
