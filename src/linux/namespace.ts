import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const unshareCall = libc("int unshare(int flags)");
const setnsCall = libc("int setns(int fd, int type)");

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const FLAG = { mount: CLONE_NEWNS, uts: 0x400_0000, ipc: 0x800_0000, pid: 0x2000_0000, net: 0x4000_0000, cgroup: 0x200_0000 } as const;

/** A kind of namespaces by the long option that unshare(1) and nsenter(1) have for it. */
export type NamespaceKind = keyof typeof FLAG;

/** Gives this thread, and what it executes, namespaces of its own; a new PID namespace is that of its next children. */
export function leaveNamespaces(kinds: readonly NamespaceKind[]): void {
  if (unshareCall(kinds.reduce((flags, kind) => flags | FLAG[kind], 0)) !== 0) throwErrno(`unshare(${kinds.join(", ")})`);
}

/** Puts this thread, and what it executes, into a namespace, given by a descriptor; into a PID namespace go its next children. */
export function enterNamespace(fd: number, kind: Exclude<NamespaceKind, "mount">): void {
  if (setnsCall(fd, FLAG[kind]) !== 0) throwErrno(`setns(${kind})`);
}

/**
 * Enters a mount namespace, given by a descriptor; "/" and the working directory are its root then. For this thread and
 * what it executes: the others keep their paths.
 */
export function enterMountNamespace(fd: number): void {
  // The kernel refuses while threads share a root and working directory (setns(2)).
  if (unshareCall(CLONE_FS) !== 0) throwErrno("unshare(CLONE_FS)");
  if (setnsCall(fd, CLONE_NEWNS) !== 0) throwErrno("setns");
}
