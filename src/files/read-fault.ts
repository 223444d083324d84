import { fault } from "../std/fault.ts";

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EIO: "input/output error",
  ELOOP: "it became a symbolic link",
  ENOENT: "it vanished",
};

/** The fault for a file that could not be read, naming its path; other errors as they are. */
export function readFault(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? undefined : REASONS[code];
  return reason === undefined ? error : fault("CONTEXT_UNREADABLE", { path, reason }, { cause: error });
}
