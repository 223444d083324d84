import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

const pidfdOpen = libc("long syscall(long number, long pid, unsigned long flags)");
const pidfdSendSignal = libc("long syscall(long number, long fd, long signal, const void *info, unsigned long flags)");
const pidfdGetfd = libc("long syscall(long number, long process, long fd, unsigned long flags)");

/** A descriptor of a process that no later process of the same number can be mistaken for. */
export function openProcess(pid: number): number {
  const fd = Number(pidfdOpen(SYS_PIDFD_OPEN, pid, 0));
  return fd >= 0 ? fd : throwErrno("pidfd_open", String(pid));
}

/** Sends a signal; a process that has ended already is no error. */
export function signalProcess(fd: number, signal: number): void {
  pidfdSendSignal(SYS_PIDFD_SEND_SIGNAL, fd, signal, null, 0);
}

/** A copy, in this process, of a descriptor of the other one. Needs the right to trace it. */
export function takeDescriptor(process: number, fd: number): number {
  const copy = Number(pidfdGetfd(SYS_PIDFD_GETFD, process, fd, 0));
  return copy >= 0 ? copy : throwErrno("pidfd_getfd", String(fd));
}
