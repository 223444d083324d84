import { chmodSync, opendirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inWorker } from "../std/worker-pool.ts";

/** Trees with fewer entries are removed at once: a worker thread takes longer to start. */
const SMALL = 200;
/** How often it is tried while somebody makes further files. */
const TIMES = 5;

/** Removes a folder or file with all that is in it; one that does not exist is fine. Large trees go in a worker thread. */
export async function removeTree(path: string): Promise<void> {
  for (let time = 1; !removeEmpty(path); time += 1) {
    try {
      if (countEntries(path, SMALL) < SMALL) removeNow(path);
      else await inWorker<string, void>("store/remove-tree.ts", "removeNow", path);
      return;
    } catch (error) {
      // What is being ended, a sandbox or a worker, may have made one more file behind our back.
      if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY" || time === TIMES) throw error;
      await sleep(20 * time);
    }
  }
}

/** Removes it synchronously; the worker job of {@link removeTree}. */
export function removeNow(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    // An ordinary user outside a user namespace: images and overlayfs leave folders without permissions.
    openFolders(path);
    rmSync(path, { recursive: true, force: true });
  }
}

/** At the end of a command its folder for unfinished files is empty: to look through it takes longer. */
function removeEmpty(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false; // there is something in it, or it is no folder
  }
}

function openFolders(folder: string): void {
  chmodSync(folder, 0o700);
  for (const item of readdirSync(folder, { withFileTypes: true })) if (item.isDirectory()) openFolders(join(folder, item.name));
}

function countEntries(folder: string, limit: number): number {
  let count = 0;
  const pending = [folder];
  while (pending.length > 0 && count < limit) {
    const next = pending.pop()!;
    try {
      using directory = opendirSync(next);
      for (let item = directory.readSync(); item !== null && count < limit; item = directory.readSync()) {
        count += 1;
        if (item.isDirectory()) pending.push(join(next, item.name));
      }
    } catch {
      // No folder, or gone meanwhile: it counts as nothing.
    }
  }
  return count;
}
