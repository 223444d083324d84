import { fault } from "../../std/fault.ts";
import { progressModes, type ProgressMode } from "./renderer.ts";

/** What --progress means: where it leaves the choice, that is BUILDKIT_PROGRESS's. @throws USAGE */
export function progressMode(flag: string, env: NodeJS.ProcessEnv): ProgressMode {
  const wanted = flag === "auto" ? env["BUILDKIT_PROGRESS"] || flag : flag;
  const mode = progressModes.find((known) => known === wanted);
  if (mode === undefined) throw fault("USAGE", { problem: `invalid progress mode ${JSON.stringify(wanted)} in BUILDKIT_PROGRESS`, hint: `it is one of ${progressModes.join(", ")}` });
  return mode;
}
