import { constants } from "node:fs";
import { copyFile, link, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

const ATTEMPTS = 5;

/**
 * Puts the content of a file, which nobody will change, at another path too: as a second name of the same file, or as a copy where
 * that is asked for or not possible. A file of the same size that is there already is taken for the same. The content is
 * durable, the name once its folder has been synced.
 * @returns false when it was there
 */
export async function placeFile(from: string, to: string, options: { copy: boolean; temporary: string }): Promise<boolean> {
  const { size } = await stat(from);
  const there = await stat(to).catch(() => undefined);
  if (there?.size === size) return false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await placeDraft(from, to, options);
      return true;
    } catch (error) {
      // A server that starts beside it empties the folder of temporary files.
      if (attempt === ATTEMPTS || (error as NodeJS.ErrnoException).code !== "ENOENT" || !(await stat(from).catch(() => undefined))) throw error;
    }
  }
}

async function placeDraft(from: string, to: string, options: { copy: boolean; temporary: string }): Promise<void> {
  const draft = join(options.temporary, `${randomUUID()}.draft`);
  try {
    if (options.copy || !(await tryLink(from, draft))) {
      await copyFile(from, draft, constants.COPYFILE_FICLONE);
      const handle = await open(draft, "r+");
      await handle.sync();
      await handle.close();
    }
    await rename(draft, to);
  } finally {
    await rm(draft, { force: true });
  }
}

/** False on another file system, on one without hard links, or with too many of them. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (["EXDEV", "EPERM", "EMLINK", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
