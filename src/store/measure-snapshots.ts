import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { inWorker } from "../std/worker-pool.ts";
import type { Database } from "./database.ts";

/** Notes the sizes of those snapshots whose size nobody needed so far: of steps that are in no image. */
export async function measureSnapshots(database: Database, folder: string): Promise<void> {
  const rows = database.all<{ id: number }>("SELECT id FROM snapshot WHERE state = 1 AND size IS NULL");
  if (rows.length === 0) return;
  const folders = rows.map(({ id }) => join(folder, id.toString(36), "fs"));
  const sizes = await inWorker<readonly string[], (number | undefined)[]>("store/measure-snapshots.ts", "sizesOf", folders, { short: rows.length < 8 });
  database.transaction(() => rows.forEach(({ id }, index) => {
    const size = sizes[index];
    if (size !== undefined) database.run("UPDATE snapshot SET size = ? WHERE id = ? AND state = 1 AND size IS NULL", size, id);
  }));
}

/** Bytes of the files in each folder; undefined where it cannot be read, which is gone by now. A worker job. */
export function sizesOf(folders: readonly string[]): (number | undefined)[] {
  return folders.map((folder) => {
    try {
      return bytesOf(folder);
    } catch {
      return undefined;
    }
  });
}

/** Bytes of the regular files below a folder, each inode once. */
export function bytesOf(folder: string): number {
  const seen = new Set<number>();
  let total = 0;
  for (const item of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!item.isFile()) continue;
    const { ino, nlink, size } = statSync(join(item.parentPath, item.name));
    if (nlink > 1 && seen.has(ino)) continue;
    if (nlink > 1) seen.add(ino);
    total += size;
  }
  return total;
}
