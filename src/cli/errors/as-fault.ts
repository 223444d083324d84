import { accessSync, constants } from "node:fs";
import { diskFault } from "../../std/disk-fault.ts";
import { fault, isFault, type Fault } from "../../std/fault.ts";

/** The fault that an error is, or that its system error number stands for; undefined for anything else. */
export function asFault(error: unknown): Fault | undefined {
  if (isFault(error)) return error;
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" && syscall === "uv_cwd") return fault("WORKING_FOLDER_GONE", {}, { cause: error });
  const path = blamed(error);
  const disk = diskFault(error, path ?? "the store");
  if (disk) return disk;
  const problem = code === undefined ? undefined : PROBLEMS.get(code);
  if (problem !== undefined && path !== undefined) return fault("FILE_PROBLEM", { path, problem }, { cause: error });
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

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ["EACCES", "permission denied"],
  ["EPERM", "the operation is not permitted"],
  ["ENOENT", "no such file or directory"],
  ["ENOTDIR", "a part of the path is no directory"],
  ["EISDIR", "it is a directory"],
  ["EEXIST", "something else is in its place, such as a file, or a link that leads nowhere"],
  ["ELOOP", "its symbolic links lead in a circle"],
  ["ENAMETOOLONG", "the name is too long"],
]);
