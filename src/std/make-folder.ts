import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder with all its parents, like `mkdir -p`. Node's own recursive mkdir never returns where the kernel
 * says ENOENT for a folder below one that exists, as /proc does.
 * @throws an error of node:fs: EACCES, EROFS, ENOTDIR, ENOENT …
 */
export function makeFolder(path: string, options: { mode?: number } = {}): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return;
  const parent = dirname(path);
  if (stat === undefined && parent !== path) makeFolder(parent, options);
  try {
    mkdirSync(path, options);
  } catch (error) {
    // Another process may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !statSync(path).isDirectory()) throw error;
  }
}
