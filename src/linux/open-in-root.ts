import { closeSync, constants, openSync } from "node:fs";
import { libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const SYS_OPENAT2 = 437;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;

const openat2Call = libc("long syscall(long number, long folder, const char *path, const uint8_t *how, unsigned long size)");

/**
 * Opens what a path leads to, for use as a place only, when a folder is taken for the root: neither symlinks nor `..`
 * lead out of it, not even while somebody changes what is in there.
 * @returns a descriptor, for the caller to close. @throws an error with `code`
 */
export function openInRoot(root: string, path: string): number {
  const folder = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const how = new BigUint64Array([BigInt(O_PATH | O_CLOEXEC), 0n, BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)]);
    const bytes = new Uint8Array(how.buffer);
    const fd = Number(openat2Call(SYS_OPENAT2, folder, path, bytes, bytes.length));
    return fd >= 0 ? fd : throwErrno("openat2", path);
  } finally {
    closeSync(folder);
  }
}
