import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The nearest folder above, or the folder itself, that has a `.git`. */
export function workTreeRoot(folder: string): string | undefined {
  if (existsSync(join(folder, ".git"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : workTreeRoot(parent);
}
