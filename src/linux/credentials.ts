import { constants } from "node:os";
import { callNumber } from "./call-number.ts";
import { errno, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

// The C library's functions signal every thread of the process and wait for each, which takes longer than the rest
// of a sandbox. These change the calling thread only: enough for a thread that calls execve next, which ends the others.
const setgroupsCall = libc("long syscall(long number, size_t count, const uint32_t *groups)");
const setIdsCall = libc("long syscall(long number, unsigned long real, unsigned long effective, unsigned long saved)");

/** Replaces the supplementary groups of this thread; false where the user namespace does not allow it to anybody. */
export function setThreadGroups(groups: readonly number[]): boolean {
  if (Number(setgroupsCall(callNumber("setgroups"), groups.length, new Uint32Array(groups))) === 0) return true;
  return errno() === constants.errno.EPERM ? false : throwErrno("setgroups");
}

/** Sets real, effective and saved group id, then user id, of this thread. */
export function setThreadIds(uid: number, gid: number): void {
  if (Number(setIdsCall(callNumber("setresgid"), gid, gid, gid)) !== 0) throwErrno("setresgid");
  if (Number(setIdsCall(callNumber("setresuid"), uid, uid, uid)) !== 0) throwErrno("setresuid");
}
