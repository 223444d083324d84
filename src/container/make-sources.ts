import { existsSync, mkdirSync } from "node:fs";
import type { HostMount } from "../exec/run-job.ts";

/** As in docker, a path of this machine that -v names and that is not there becomes a folder. @throws what making it throws */
export function makeSources(mounts: readonly HostMount[]): void {
  for (const { source } of mounts) if (!existsSync(source)) mkdirSync(source, { recursive: true });
}
