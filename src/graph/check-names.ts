import { expand } from "../dockerfile/expand.ts";
import type { Dockerfile, Instruction } from "../dockerfile/instruction.ts";
import { parsePlatform } from "../oci/platform.ts";
import { parseReference } from "../oci/reference.ts";
import { fault, isFault, type SourceLocation } from "../std/fault.ts";
import { located, type Evaluation } from "./evaluation.ts";
import { findNamed } from "./named-source.ts";

/** The same as BuildKit says it, where no image can have the name that FROM or --from says. A URL, which may hold a login, is told to be none. */
export function stageNameFault(error: unknown, name: string): unknown {
  return isFault(error, "REFERENCE_INVALID") && !name.includes("://") ? fault("STAGE_NAME_INVALID", { name: name.slice(0, 300) }) : error;
}

/** @param written with the variables that it was made of @throws STAGE_PLATFORM_INVALID */
export function checkPlatform(platform: string, written: string, location: SourceLocation): void {
  try {
    parsePlatform(platform);
  } catch (error) {
    if (isFault(error, "PLATFORM_INVALID")) throw fault("STAGE_PLATFORM_INVALID", { platform, written }, { location });
    throw error;
  }
}

/**
 * Looks at what the stages that nobody needs are based on and copy from: as with BuildKit, a name that no image can have is an error
 * wherever it stands, other than what is wrong with such a stage's instructions.
 * @throws STAGE_NAME_INVALID, STAGE_PLATFORM_INVALID
 */
export function checkNames({ stages }: Dockerfile, evaluation: Evaluation): void {
  const { options, globals, escape, findStage } = evaluation;
  const check = (name: string, before: number, location: SourceLocation): void => {
    if (name === "" || name === "scratch" || findStage(name.toLowerCase(), before) >= 0 || options.linked?.(name) !== undefined || findNamed(options.contexts, name, options.platform)) return;
    located(location, () => {
      try {
        parseReference(name);
      } catch (error) {
        throw stageNameFault(error, name);
      }
    });
  };
  for (const { index, name, base, platform, instructions, location } of stages) {
    if (evaluation.states.has(index) || (name !== undefined && findNamed(options.contexts, name, options.platform))) continue;
    if (platform !== undefined) checkPlatform(located(location, () => expand(platform, globals, { escape }).value), platform, location);
    check(located(location, () => expand(base, globals, { escape }).value), index, location);
    for (const instruction of instructions) for (const from of sourcesOf(instruction)) if (!/^\d+$/.test(from) && !from.includes("$")) check(from, Infinity, instruction.location);
  }
}

/** What an instruction reads besides the context. */
function sourcesOf(instruction: Instruction): string[] {
  switch (instruction.kind) {
    case "copy": return instruction.from === undefined ? [] : [instruction.from];
    case "run": return instruction.mounts.flatMap((mount) => /(?:^|,)from=([^,]+)/.exec(mount)?.[1] ?? []);
    default: return [];
  }
}
