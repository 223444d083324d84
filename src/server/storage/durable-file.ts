import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

const syncing = new Map<string, { running: Promise<void>; next?: Promise<void> }>();

/**
 * Makes names created, renamed or removed in a folder survive a power cut (fsync of the folder). Callers that come
 * while one fsync runs share the following one.
 */
export function syncFolder(folder: string): Promise<void> {
  const current = syncing.get(folder);
  if (!current) return startSync(folder);
  current.next ??= current.running.catch(() => undefined).then(() => startSync(folder));
  return current.next;
}

function startSync(folder: string): Promise<void> {
  const running = fsyncFolder(folder).finally(() => {
    if (syncing.get(folder)?.running === running) syncing.delete(folder);
  });
  syncing.set(folder, { running });
  return running;
}

async function fsyncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a whole file so that a crash leaves either the old or the new content: temporary file, fsync, rename, fsync of the folder. */
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

/** Removes a file for good; false when there was none. */
export async function unlinkDurably(path: string): Promise<boolean> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** `mkdir -p` below `base`, each new level durable. */
export async function makeFolders(base: string, path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = dirname(path); folder.length >= base.length; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === dirname(first)) break;
  }
}
