import { existsSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

const SIZE = 512 * 1024;

/**
 * Some space that is set aside for a full disk, where the database could otherwise not even note that something is to be
 * removed. It is given up when less than its size is free and set aside again when there is plenty.
 */
export function keepReserve(root: string): void {
  const path = join(root, "reserve");
  try {
    const { bavail, bsize } = statfsSync(root);
    const free = bavail * bsize;
    if (free < SIZE) rmSync(path, { force: true });
    // Random bytes, because file systems that compress would set nothing aside for zeros.
    else if (free > 32 * SIZE && !existsSync(path)) writeFileSync(path, randomBytes(SIZE), { mode: 0o600 });
  } catch {
    // It only helps on a full disk: without it the command fails with DISK_FULL.
  }
}
