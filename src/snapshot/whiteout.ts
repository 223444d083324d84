import type { BigIntStats, Stats } from "node:fs";

/** Whether a layer folder's entry is overlayfs' mark of a deleted file, a character device 0/0. */
export function isWhiteout(stat: Stats | BigIntStats): boolean {
  return stat.isCharacterDevice() && Number(stat.rdev) === 0;
}
