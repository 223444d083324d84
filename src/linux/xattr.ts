import { constants } from "node:os";
import { errno, haveLibc, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const lgetxattr = libc("intptr_t lgetxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)");
const lsetxattr = libc("int lsetxattr(const char *path, const char *name, const uint8_t *value, size_t size, int flags)");
const lremovexattr = libc("int lremovexattr(const char *path, const char *name)");
const llistxattr = libc("intptr_t llistxattr(const char *path, _Out_ uint8_t *list, size_t size)");

const { ENODATA, ENOTSUP, ERANGE, ENOENT, EPERM, EACCES } = constants.errno;
/** There is none, or nobody may know. */
const UNREADABLE: ReadonlySet<number> = new Set([ENODATA, ENOTSUP, ENOENT, EPERM, EACCES, ERANGE]);
/** Collecting garbage between a call and the look at its errno leaves that of its own locks there, EAGAIN: rare, but this is called for every directory. */
const REPEATS = 3;
const scratch = Buffer.alloc(64 * 1024);

/** An extended attribute of the path itself (symlinks are not followed); undefined where there is none. */
export function getXattr(path: string, name: string): Buffer | undefined {
  if (!haveLibc()) return undefined;
  for (let again = REPEATS; ; again -= 1) {
    const length = Number(lgetxattr(path, name, scratch, scratch.length));
    if (length >= 0) return Buffer.from(scratch.subarray(0, length));
    if (UNREADABLE.has(errno())) return undefined;
    if (again === 0) throwErrno("lgetxattr", path);
  }
}

/** @throws an error with `code`, ENOTSUP or EPERM where file system or rights refuse it. */
export function setXattr(path: string, name: string, value: Uint8Array): void {
  if (lsetxattr(path, name, value, value.length, 0) !== 0) throwErrno("lsetxattr", path);
}

export function removeXattr(path: string, name: string): void {
  if (lremovexattr(path, name) !== 0 && errno() !== ENODATA) throwErrno("lremovexattr", path);
}

/** Names of all extended attributes of the path itself; none where they cannot be read. */
export function listXattrs(path: string): string[] {
  if (!haveLibc()) return [];
  const length = Number(llistxattr(path, scratch, scratch.length));
  if (length <= 0) return [];
  return scratch.toString("utf8", 0, length - 1).split("\0");
}
