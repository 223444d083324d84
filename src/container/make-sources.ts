import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { HostMount } from "../exec/run-job.ts";

/** As in docker, a path of this machine that -v names and that is not there becomes a folder. @throws what making it throws */
export function makeSources(mounts: readonly HostMount[]): void {
  for (const { source } of mounts) makeFolder(source);
}

/** Node's own `recursive` never ends below /proc, where a folder that is there takes none. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another container's start may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
