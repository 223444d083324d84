import { lstatSync } from "node:fs";
import { folderBytes } from "../containers/folder-bytes.ts";

/** Bytes of paths that repairs of a store have set aside. */
export function setAsideBytes(paths: readonly string[]): number {
  return paths.reduce((sum, path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return sum + (stat?.isDirectory() ? folderBytes(path) : (stat?.size ?? 0));
  }, 0);
}
