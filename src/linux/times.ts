import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const utimensat = libc("int utimensat(int folder, const char *path, const uint8_t *times, int flags)");

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** Sets access and modification time of the path itself, in nanoseconds since the epoch; node:fs rounds them. */
export function setTimes(path: string, atime: bigint, mtime: bigint): void {
  const times = new BigInt64Array([seconds(atime), nanoseconds(atime), seconds(mtime), nanoseconds(mtime)]);
  if (utimensat(AT_FDCWD, path, new Uint8Array(times.buffer), AT_SYMLINK_NOFOLLOW) !== 0) throwErrno("utimensat", path);
}

const SECOND = 1_000_000_000n;
const nanoseconds = (time: bigint): bigint => ((time % SECOND) + SECOND) % SECOND;
const seconds = (time: bigint): bigint => (time - nanoseconds(time)) / SECOND;
