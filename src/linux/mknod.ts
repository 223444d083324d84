import { haveLibc, libc } from "./libc.ts";
import { throwErrno } from "./system-error.ts";

const mknod = libc("int mknod(const char *path, unsigned int mode, uint64_t device)");
const FORMAT = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const;

/**
 * Makes a device node or named pipe. A character device 0/0, overlayfs' whiteout, needs no right beyond
 * writing to the folder since Linux 5.8; other devices need CAP_MKNOD in the initial user namespace.
 * @throws an error with `code`: EPERM without the right, EEXIST, ENOSYS where the C library cannot be called.
 */
export function makeNode(path: string, type: keyof typeof FORMAT, mode: number, major = 0, minor = 0): void {
  if (!haveLibc()) throw Object.assign(new Error(`ENOSYS: koffi is not installed, mknod '${path}'`), { code: "ENOSYS", syscall: "mknod", path });
  if (mknod(path, FORMAT[type] | mode, deviceNumber(major, minor)) !== 0) throwErrno("mknod", path);
}

/** glibc's `makedev`. */
export function deviceNumber(major: number, minor: number): bigint {
  const [x, y] = [BigInt(major), BigInt(minor)];
  return ((x & 0xfffff000n) << 32n) | ((x & 0xfffn) << 8n) | ((y & 0xffffff00n) << 12n) | (y & 0xffn);
}

export function deviceMajor(device: bigint): number {
  return Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn));
}

export function deviceMinor(device: bigint): number {
  return Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn));
}
