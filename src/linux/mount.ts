import { closeSync } from "node:fs";
import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

// The mount calls of Linux 5.2 and 5.12 have the same numbers on every architecture (asm-generic/unistd.h);
// the C library wraps them only since glibc 2.36, so they go through syscall(2).
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const SYS_MOUNT_SETATTR = 442;

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const AT_NO_AUTOMOUNT = 0x800;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0x80000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;

/** Flags of mount(2). */
export const MS = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8, REMOUNT: 32, BIND: 4096, REC: 16384, PRIVATE: 262_144 } as const;

/** Attributes of fsmount(2) and mount_setattr(2). */
export const MOUNT_ATTR = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8, NOATIME: 16, STRICTATIME: 32, NODIRATIME: 128 } as const;

const mountCall = libc("int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options)");
const umountCall = libc("int umount2(const char *target, int flags)");
const openTreeCall = libc("long syscall(long number, long folder, const char *path, unsigned long flags)");
const moveMountCall = libc("long syscall(long number, long from, const char *fromPath, long to, const char *toPath, unsigned long flags)");
const fsopenCall = libc("long syscall(long number, const char *type, unsigned long flags)");
const fsconfigCall = libc("long syscall(long number, long fd, long command, const char *key, const char *value, long extra)");
const fsmountCall = libc("long syscall(long number, long fd, unsigned long flags, unsigned long attributes)");
const mountSetattrCall = libc("long syscall(long number, long folder, const char *path, unsigned long flags, const uint8_t *attributes, unsigned long size)");

/** mount(2). @throws an error with `code`. */
export function mount(source: string, target: string, type: string | null, flags: number, options: string | null = null): void {
  if (mountCall(source, target, type, flags, options) !== 0) throwErrno("mount", target);
}

/** umount(2). @throws an error with `code`, EBUSY while somebody uses it. */
export function unmount(target: string): void {
  if (umountCall(target, 0) !== 0) throwErrno("umount", target);
}

/** Takes a mount out of sight at once; it goes away when nothing uses it any more. */
export function detach(target: string): void {
  const MNT_DETACH = 2;
  if (umountCall(target, MNT_DETACH) !== 0) throwErrno("umount", target);
}

/** A copy of the mount, or of the file or folder as a mount, given by path or descriptor, that hangs nowhere yet; returns its descriptor. */
export function cloneMount(place: string | number, options: { recursive?: boolean } = {}): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT | (options.recursive ? AT_RECURSIVE : 0);
  const byFd = typeof place === "number";
  const fd = Number(openTreeCall(SYS_OPEN_TREE, byFd ? place : AT_FDCWD, byFd ? "" : place, flags | (byFd ? AT_EMPTY_PATH : 0)));
  return fd >= 0 ? fd : throwErrno("open_tree", String(place));
}

/** A new file system (`proc`, `tmpfs`, …) that hangs nowhere yet; returns its descriptor. */
export function newFileSystem(type: string, options: Readonly<Record<string, string | true>>, attributes: number): number {
  const context = Number(fsopenCall(SYS_FSOPEN, type, 1));
  if (context < 0) throwErrno("fsopen", type);
  try {
    for (const [key, value] of Object.entries<string | true>({ source: type, ...options })) {
      const command = value === true ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      if (Number(fsconfigCall(SYS_FSCONFIG, context, command, key, value === true ? null : value, 0)) !== 0) throwErrno("fsconfig", `${type} ${key}`);
    }
    if (Number(fsconfigCall(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0)) !== 0) throwErrno("fsconfig", type);
    const fd = Number(fsmountCall(SYS_FSMOUNT, context, 1, attributes));
    return fd >= 0 ? fd : throwErrno("fsmount", type);
  } finally {
    closeSync(context);
  }
}

/** Hangs what {@link cloneMount} or {@link newFileSystem} gave at a path, and closes the descriptor. */
export function attach(fd: number, target: string): void {
  const result = Number(moveMountCall(SYS_MOVE_MOUNT, fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH));
  if (result !== 0) throwErrno("move_mount", target);
  closeSync(fd);
}

/** Adds attributes to a mount given by descriptor or path, and to all below it if `recursive`. */
export function restrictMount(mountPoint: number | string, attributes: number, options: { recursive?: boolean } = {}): void {
  const structure = new BigUint64Array([BigInt(attributes), 0n, 0n, 0n]);
  const byFd = typeof mountPoint === "number";
  const flags = (byFd ? AT_EMPTY_PATH : 0) | (options.recursive ? AT_RECURSIVE : 0);
  const bytes = new Uint8Array(structure.buffer);
  const restrict = (): void => {
    const result = mountSetattrCall(SYS_MOUNT_SETATTR, byFd ? mountPoint : AT_FDCWD, byFd ? "" : mountPoint, flags, bytes, bytes.length);
    if (Number(result) !== 0) throwErrno("mount_setattr", String(mountPoint));
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return restrict();
    } catch (error) {
      // Read-only is refused while a thread of ours writes a file of it, or only the time of one that it reads: a moment.
      if ((error as NodeJS.ErrnoException).code !== "EBUSY" || attempt === BUSY_ATTEMPTS) throw error;
      Atomics.wait(NEVER, 0, 0, BUSY_PAUSE);
    }
  }
}

const BUSY_ATTEMPTS = 200;
/** Milliseconds. */
const BUSY_PAUSE = 5;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Shows a file or folder at another path as well. */
export function bindOver(source: string, target: string): void {
  mount(source, target, null, MS.BIND);
}
