import { constants } from "node:os";
import { errno, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

const flock = libc("int flock(int fd, int operation)");

/**
 * Takes the lock of an open file or folder, which goes when the descriptor is closed, and so with the process.
 * @returns false where somebody else has it
 */
export function tryLock(fd: number): boolean {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  return errno() === constants.errno.EAGAIN ? false : throwErrno("flock", String(fd));
}
