import { realpathSync } from "node:fs";
import { homedir } from "node:os";
import { relative, resolve } from "node:path";
import { fault } from "../std/fault.ts";
import type { BuildOptions, WrittenOutput } from "./build-options.ts";

/**
 * Refuses an output with mode=delete that would take away what one builds from, or where one is: the folder of the build
 * context, the working directory, the home folder. @throws OUTPUT_INVALID
 */
export function refuseDeleting(outputs: readonly WrittenOutput[], { context, cwd = process.cwd() }: Pick<BuildOptions, "context" | "cwd">): void {
  const kept = [["the build context", resolve(cwd, context)], ["the working directory", cwd], ["the home folder", homedir()]] as const;
  for (const output of outputs) {
    if (output.type !== "local" || output.mode !== "delete") continue;
    const target = real(resolve(cwd, output.dest));
    const [what] = kept.find(([, path]) => !/^\.\.(?:\/|$)/.test(relative(target, real(path)))) ?? [];
    if (what !== undefined) throw fault("OUTPUT_INVALID", { problem: `mode=delete would delete ${what}, which is in ${target}`, hint: "choose a folder that is for the result alone" });
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
