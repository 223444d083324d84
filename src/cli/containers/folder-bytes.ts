import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Bytes of the regular files below a folder, each inode once; what vanishes meanwhile counts as nothing. */
export function folderBytes(folder: string): number {
  const seen = new Set<number>();
  let total = 0;
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const item of entries(next)) {
      const path = join(next, item.name);
      if (item.isDirectory()) pending.push(path);
      const stat = item.isFile() ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
      if (stat === undefined || seen.has(stat.ino)) continue;
      if (stat.nlink > 1) seen.add(stat.ino);
      total += stat.size;
    }
  }
  return total;
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
