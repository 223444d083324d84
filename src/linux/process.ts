import { closeSync, openSync } from "node:fs";
import { callNumber } from "./call-number.ts";
import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const prctl = libc("int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)");
const sethostname = libc("int sethostname(const char *name, size_t length)");
const signalCall = libc("void *signal(int number, intptr_t handler)");
const closeRangeCall = libc("long syscall(long number, unsigned long first, unsigned long last, unsigned long flags)");
const dup2Call = libc("int dup2(int from, int to)");
const fcntlCall = libc("int fcntl(int fd, int command, intptr_t argument)");
const setpgidCall = libc("int setpgid(int pid, int group)");
const chrootCall = libc("int chroot(const char *path)");
const fchdirCall = libc("int fchdir(int fd)");
const exitCall = libc("void _exit(int status)");
const execveCall = libc("int execve(const char *path, const char **args, const char **env)");
const setrlimitCall = libc("int setrlimit(int resource, const uint8_t *limit)");
const getrlimitCall = libc("int getrlimit(int resource, _Out_ uint8_t *limit)");
const keyctlCall = libc("long syscall(long number, long operation, const char *name)");

const PR_SET_PDEATHSIG = 1;
const SYS_CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const RLIMIT_NOFILE = 7;

/** The kernel kills this process when its parent ends. A change of user id undoes it. */
export function dieWithParent(): void {
  const SIGKILL = 9n;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) !== 0) throwErrno("prctl(PR_SET_PDEATHSIG)");
}

export function setHostname(name: string): void {
  if (sethostname(name, Buffer.byteLength(name)) !== 0) throwErrno("sethostname", name);
}

/** Undoes what Node did to this process for itself and a command would inherit: ignored SIGPIPE. */
export function restoreSignals(): void {
  const SIGPIPE = 13;
  const SIGXFSZ = 25;
  for (const number of [SIGPIPE, SIGXFSZ]) signalCall(number, 0);
}

/** Lets a program that this process executes or starts have the descriptor. */
export function passDescriptor(fd: number): void {
  const F_SETFD = 2;
  if (fcntlCall(fd, F_SETFD, 0) < 0) throwErrno("fcntl");
}

/** Opens a file as that descriptor, by node:fs' flags. */
export function openAs(descriptor: number, path: string, flags: "r" | "r+"): void {
  moveDescriptor(openSync(path, flags), descriptor);
}

/** Makes what one descriptor stands for another one. */
export function moveDescriptor(from: number, to: number): void {
  replaceDescriptor(from, to);
  closeSync(from);
}

/** dup2(2): another descriptor stands for what this one does, too. What it stood for is closed. */
export function replaceDescriptor(from: number, to: number): void {
  if (dup2Call(from, to) < 0) throwErrno("dup2", String(to));
}

/** fcntl(2) F_SETFL: the status flags of an open file, O_NONBLOCK among them, for all who have it. */
export function setFileFlags(fd: number, flags: number): void {
  const F_SETFL = 4;
  if (fcntlCall(fd, F_SETFL, flags) < 0) throwErrno("fcntl", String(fd));
}

/** Lets another program that the process executes have the three standard descriptors and no other. Node marks all. */
export function passStandardDescriptors(): void {
  for (const fd of [0, 1, 2]) passDescriptor(fd);
  if (Number(closeRangeCall(SYS_CLOSE_RANGE, 3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC)) !== 0) throwErrno("close_range");
}

/** execve(2): returns only when it fails. @throws the failure, with `code`. */
export function execute(path: string, args: readonly string[], env: readonly string[]): never {
  execveCall(path, [...args, null], [...env, null]);
  throwErrno("execve", path);
}

/** Lowers the soft and hard limit of open files to at most `limit`. Node raises the soft one at its start. */
export function limitOpenFiles(limit: number): void {
  const current = new BigUint64Array(2);
  const bytes = new Uint8Array(current.buffer);
  if (getrlimitCall(RLIMIT_NOFILE, bytes) !== 0) throwErrno("getrlimit");
  for (let i = 0; i < 2; i += 1) if (current[i]! > BigInt(limit)) current[i] = BigInt(limit);
  if (setrlimitCall(RLIMIT_NOFILE, bytes) !== 0) throwErrno("setrlimit");
}

/** Sets a limit of setrlimit(2) by its number; -1 is without limit. */
export function setLimit(resource: number, soft: number, hard: number): void {
  const values = new BigInt64Array([BigInt(soft), BigInt(hard)]);
  if (setrlimitCall(resource, new Uint8Array(values.buffer)) !== 0) throwErrno("setrlimit", String(resource));
}

/** From now on no program that this process executes gets rights by its owner's set-id bit or file capabilities. */
export function forbidNewPrivileges(): void {
  const PR_SET_NO_NEW_PRIVS = 38;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) !== 0) throwErrno("prctl(PR_SET_NO_NEW_PRIVS)");
}

/** Nobody without CAP_SYS_PTRACE may look into this process by /proc or trace it, until it executes another program. */
export function hideProcess(): void {
  const PR_SET_DUMPABLE = 4;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0) throwErrno("prctl(PR_SET_DUMPABLE)");
}

/** setpgid(2): this process belongs to another process group of its session, whose signals from a terminal it gets from now on. */
export function joinProcessGroup(group: number): void {
  if (setpgidCall(0, group) !== 0) throwErrno("setpgid", String(group));
}

/** chroot(2): "/" of this process from now on; its working directory stays. */
export function changeRoot(path: string): void {
  if (chrootCall(path) !== 0) throwErrno("chroot", path);
}

/** fchdir(2): the working directory is an open folder from now on. */
export function changeFolder(fd: number): void {
  if (fchdirCall(fd) !== 0) throwErrno("fchdir");
}

/** Leaves the session keyring of whoever started this process for a new, empty one; best effort (quota, old kernels). */
export function leaveKeyring(): void {
  const KEYCTL_JOIN_SESSION_KEYRING = 1;
  keyctlCall(callNumber("keyctl"), KEYCTL_JOIN_SESSION_KEYRING, null);
}

/** Ends the process without running any more of Node, whose threads may no longer do what they need to. */
export function endAtOnce(status: number): never {
  exitCall(status);
  throw new Error("_exit(2) returned");
}
