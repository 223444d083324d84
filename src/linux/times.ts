import { lutimesSync } from "node:fs";
import { haveLibc, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const utimensat = libc("int utimensat(int folder, const char *path, const int64_t *times, int flags)");

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const SECOND = 1_000_000_000n;
const times = new BigInt64Array(4);

/**
 * Sets access and modification time of the path itself, in nanoseconds since the epoch. node:fs takes seconds as a
 * double, which is exact for whole seconds only, and makes "now" of negative ones; so it is without koffi.
 */
export function setTimes(path: string, atime: bigint, mtime: bigint): void {
  const simple = atime >= 0n && mtime >= 0n && atime % SECOND === 0n && mtime % SECOND === 0n;
  if (simple || !haveLibc()) return lutimesSync(path, Number(atime) / 1e9, Number(mtime) / 1e9);
  [times[0], times[1], times[2], times[3]] = [seconds(atime), nanoseconds(atime), seconds(mtime), nanoseconds(mtime)];
  if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) !== 0) throwErrno("utimensat", path);
}

const nanoseconds = (time: bigint): bigint => ((time % SECOND) + SECOND) % SECOND;
const seconds = (time: bigint): bigint => (time - nanoseconds(time)) / SECOND;
