import { readdirSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeFolder } from "../../../std/make-folder.ts";
import { syncFolder } from "../folder/durable-file.ts";
import { placeFile } from "../folder/place-file.ts";

/** Names of the files that old events are added to, one for each month. */
const MONTHS = /^events-\d{4}-\d{2}\.jsonl$/;

/**
 * Copies the archive of the log of changes, while nobody adds to it. Its files only grow: one that is as long in the other folder is the same, and one that is longer
 * there, because it was restored from an older copy, stays, since nothing removes what was written down.
 */
export async function copyArchive(from: string, to: string): Promise<void> {
  const names = resolve(from) === resolve(to) ? [] : monthsIn(from);
  if (names.length === 0) return;
  makeFolder(to);
  for (const name of names) {
    if ((await sizeOf(join(to, name))) >= (await sizeOf(join(from, name)))) continue;
    // Never a second name of the same file: both are added to.
    await placeFile(join(from, name), join(to, name), { copy: true, temporary: to });
  }
  for (const name of readdirSync(to)) if (name.endsWith(".draft")) await rm(join(to, name), { force: true });
  await syncFolder(to);
}

function monthsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => MONTHS.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? -1;
}
