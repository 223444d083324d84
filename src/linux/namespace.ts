import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const unshareCall = libc("int unshare(int flags)");
const setnsCall = libc("int setns(int fd, int type)");

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;

/**
 * Enters a mount namespace, given by a descriptor; "/" and the working directory are its root then. For this thread and
 * what it executes: the others keep their paths.
 */
export function enterMountNamespace(fd: number): void {
  // The kernel refuses while threads share a root and working directory (setns(2)).
  if (unshareCall(CLONE_FS) !== 0) throwErrno("unshare(CLONE_FS)");
  if (setnsCall(fd, CLONE_NEWNS) !== 0) throwErrno("setns");
}
