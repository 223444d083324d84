import type { BigIntStats } from "node:fs";

/** What an entry of a source is in the image. A socket becomes an empty regular file, as with BuildKit. */
export type EntryType = "file" | "directory" | "symlink" | "character" | "block" | "fifo";

export function entryType(stat: BigIntStats): EntryType {
  if (stat.isFile() || stat.isSocket()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "character";
  return stat.isBlockDevice() ? "block" : "fifo";
}
