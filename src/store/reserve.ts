import { existsSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

const SIZE = 512 * 1024;
/** What is not worth setting aside: the database needs as much to be opened and to note one removal. */
const LEAST = 128 * 1024;
/** Left for others when the rest of a full disk is set aside. */
const MARGIN = 16 * 1024;

/**
 * Some space that is set aside for a full disk, where the database could otherwise not even be opened. It is given up when less than
 * its size is free and set aside again when there is plenty. Where it is gone, what interrupted pulls left is given up.
 * @param partial the folder of those
 * @returns sets aside again, at the end, what was given up at the beginning: a command that frees nothing leaves it to the one that does
 */
export function keepReserve(root: string, partial: string): () => void {
  const path = join(root, "reserve");
  try {
    const free = freeBytes(root);
    if (free < SIZE) {
      const given = existsSync(path);
      rmSync(path, { force: true });
      // No process works on what lies there: see PartialBlobs.
      if (!given) for (const name of namesIn(partial)) rmSync(join(partial, name), { force: true });
      return () => setAside(path, Math.min(SIZE, freeBytes(root) - MARGIN));
    }
    if (free > 32 * SIZE && !existsSync(path)) setAside(path, SIZE);
  } catch {
    // It only helps on a full disk: without it the command fails with DISK_FULL.
  }
  return () => {};
}

function setAside(path: string, size: number): void {
  if (size < LEAST) return;
  try {
    // Random bytes, because file systems that compress would set nothing aside for zeros.
    writeFileSync(path, randomBytes(size), { mode: 0o600, flag: "wx" });
  } catch (error) {
    // Another process was quicker, or has taken the space.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(path, { force: true });
  }
}

function freeBytes(root: string): number {
  const { bavail, bsize } = statfsSync(root);
  return bavail * bsize;
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
