import { lutimesSync } from "node:fs";
import { haveLibc, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const utimensat = libc("int utimensat(int directory, const char *path, const int64_t *times, int flags)");
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const SECOND = 1_000_000_000n;
const times = new BigInt64Array(4);

/**
 * Sets access and modification time of the path itself (symlinks are not followed), in nanoseconds since the
 * epoch. node:fs takes seconds as a double, which is exact for whole seconds only; so are the times where koffi is missing.
 */
export function setFileTimes(path: string, accessed: bigint, modified: bigint): void {
  if (accessed % SECOND === 0n && modified % SECOND === 0n || !haveLibc()) {
    lutimesSync(path, Number(accessed) / 1e9, Number(modified) / 1e9);
    return;
  }
  putTime(0, accessed);
  putTime(2, modified);
  if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) !== 0) throwErrno("utimensat", path);
}

function putTime(at: number, time: bigint): void {
  const fraction = ((time % SECOND) + SECOND) % SECOND;
  times[at] = (time - fraction) / SECOND;
  times[at + 1] = fraction;
}
