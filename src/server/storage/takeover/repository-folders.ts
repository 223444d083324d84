import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Names of the repositories below a folder, where they nest: a repository's own folders start with `_`, which no name component may.
 * @param marks which of its own folders make a folder a repository
 */
export async function* findRepositories(base: string, marks: readonly string[], name = ""): AsyncIterable<string> {
  const children = (await readdir(join(base, name), { withFileTypes: true })).filter((entry) => entry.isDirectory());
  if (children.some((entry) => marks.includes(entry.name))) yield name;
  for (const entry of children) {
    if (!entry.name.startsWith("_")) yield* findRepositories(base, marks, name === "" ? entry.name : `${name}/${entry.name}`);
  }
}

/** What lies in a folder; nothing where there is none. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
