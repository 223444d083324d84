import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import type { Target } from "../../bake/target.ts";
import { fault } from "../../std/fault.ts";
import { buildFlags } from "../build/build-flags.ts";
import type { Call } from "../command.ts";
import { flagFault } from "../flags/flag-fault.ts";
import { FlagProblem, parseFlags } from "../flags/parse-flags.ts";
import type { bakeFlags } from "./bake-flags.ts";
import { isElsewhere } from "./bake-place.ts";
import { targetWords } from "./target-words.ts";

/**
 * What `read` makes of the command line of `sampan build` that means the same as a target.
 * @throws BAKE_KEY_LATER for what such a command line refuses, and what `read` throws
 */
export function callOfTarget<Read extends { readonly stdin?: Readable }>(
  target: Target, { io, signal }: Call<typeof bakeFlags>, read: (call: Call<typeof buildFlags>) => Read, { refusesLater = false }: { refusesLater?: boolean } = {},
): Read {
  if (target.context === "-" || target.dockerfile === "-") throw fault("BAKE_KEY_LATER", { target: target.name, key: `${target.context === "-" ? "a context" : "a Dockerfile"} from standard input` });
  const inline = target["dockerfile-inline"] ?? dockerfileOfThisMachine(target, io.cwd);
  try {
    const made = read({ ...parseFlags(targetWords(inline === undefined ? target : { ...target, "dockerfile-inline": inline }), buildFlags, { refusesLater }), io, signal });
    return inline === undefined ? made : { ...made, stdin: Readable.from([Buffer.from(inline)]) };
  } catch (error) {
    if (!(error instanceof FlagProblem)) throw error;
    if (error.kind !== "refused") throw flagFault(error, buildFlags);
    throw fault("BAKE_KEY_LATER", { target: target.name, key: error.message, ...(error.more ? { hint: error.more } : {}) });
  }
}

/** A Dockerfile that does not come with its context, which is elsewhere. */
function dockerfileOfThisMachine({ context = ".", dockerfile = "" }: Target, cwd: string): string | undefined {
  if (!dockerfile.startsWith("cwd://") || !isElsewhere(context)) return undefined;
  const path = dockerfile.slice("cwd://".length);
  try {
    return readFileSync(resolve(cwd, path), "utf8");
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT" ? fault("DOCKERFILE_NOT_FOUND", { path }) : error;
  }
}
