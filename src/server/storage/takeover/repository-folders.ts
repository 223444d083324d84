import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { isAbsence } from "./is-absence.ts";

/**
 * Names of the repositories below a folder, where they nest: a repository's own folders start with `_`, which no name component may. A folder that lies elsewhere,
 * behind a symbolic link, counts as one, as it does for who wrote it; one that leads back to where it is does not.
 * @param marks which of its own folders make a folder a repository
 */
export async function* findRepositories(base: string, marks: readonly string[], name = "", above: readonly string[] = []): AsyncIterable<string> {
  const folder = join(base, name);
  const here = await realpath(folder);
  if (above.includes(here)) return;
  const children: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) if (await isFolder(folder, entry)) children.push(entry.name);
  if (children.some((child) => marks.includes(child))) yield name;
  for (const child of children) {
    if (!child.startsWith("_")) yield* findRepositories(base, marks, name === "" ? child : `${name}/${child}`, [...above, here]);
  }
}

async function isFolder(folder: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (await stat(join(folder, entry.name))).isDirectory();
  } catch (error) {
    if (isAbsence(error) || (error as NodeJS.ErrnoException).code === "ELOOP") return false;
    throw error;
  }
}

/** What lies in a folder; nothing where there is none, or something else. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
