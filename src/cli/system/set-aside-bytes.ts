import { lstatSync } from "node:fs";
import { setAside } from "../../store/check/set-aside.ts";
import { folderBytes } from "../containers/folder-bytes.ts";

/** Bytes of what repairs of a store have set aside. */
export function setAsideBytes(root: string): number {
  return setAside(root).reduce((sum, path) => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return sum + (stat?.isDirectory() ? folderBytes(path) : (stat?.size ?? 0));
  }, 0);
}
