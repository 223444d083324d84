import { randomBytes } from "node:crypto";
import { statfsSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { shareRuns } from "../share-runs.ts";

const syncs = new Map<string, () => Promise<void>>();

/** Makes names created, renamed or removed in a folder survive a power cut (fsync of the folder); see {@link shareRuns}. */
export function syncFolder(folder: string): Promise<void> {
  let sync = syncs.get(folder);
  if (!sync) syncs.set(folder, (sync = shareRuns(() => fsyncFolder(folder))));
  return sync();
}

async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * File systems (statfs(2), `f_type`) whose journal holds a renaming at the latest when a later fsync of the renamed file returns:
 * ext3 and 4, XFS, Btrfs; and tmpfs, which outlives no power cut at all. POSIX does not ask for it.
 */
const ORDERED = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994]);
const ordered = new Map<string, boolean>();

/**
 * Gives a written file its final name, content and name durable: one fsync where the file system allows, else two. A crash
 * before the end may leave the name with half of the content.
 */
export async function renameDurably(handle: FileHandle, from: string, to: string): Promise<void> {
  const folder = dirname(to);
  let once = ordered.get(folder);
  if (once === undefined) ordered.set(folder, (once = ORDERED.has(statfsSync(folder).type)));
  if (once) {
    await rename(from, to);
    await handle.sync();
    return;
  }
  await handle.datasync();
  await rename(from, to);
  await syncFolder(folder);
}

/** Writes a whole file so that a crash leaves either the old or the new content. */
export async function writeDurably(path: string, content: Uint8Array | string, temporary: string): Promise<void> {
  const draft = join(temporary, `${randomBytes(12).toString("hex")}.draft`);
  try {
    const handle = await open(draft, "wx");
    try {
      await handle.writeFile(content);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
