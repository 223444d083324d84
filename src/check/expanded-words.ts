import { csvFields } from "../dockerfile/csv-fields.ts";
import { expand, type Expansion } from "../dockerfile/expand.ts";
import type { Dockerfile, Instruction } from "../dockerfile/instruction.ts";
import { located } from "../graph/evaluation.ts";
import { isFault, type SourceLocation } from "../std/fault.ts";
import type { StepFacts } from "./rule.ts";

/** The words of an instruction in which variables are filled in (dockerfile reference, 2.3), expanded; EXPOSE's are not among them. */
export function expandedWords({ instruction, state, escape, buildArgs }: Pick<StepFacts, "instruction" | "state" | "escape" | "buildArgs">): Expansion[] {
  const plain = wordsOf(instruction, buildArgs).flatMap((word) => attempt(word, state.env, { escape }));
  if (instruction.kind !== "copy" && instruction.kind !== "add") return plain;
  return [...plain, ...instruction.heredocs.filter((heredoc) => heredoc.expand)
    .flatMap(({ content }) => attempt(content, state.env, { escape: "\\", skipProcessQuotes: true }))];
}

/** A word of a FROM, expanded. @throws with its place */
export function expandInFrom(word: string, { dockerfile, globals, location }: { dockerfile: Dockerfile; globals: ReadonlyMap<string, string>; location: SourceLocation }): Expansion {
  return located(location, () => expand(word, globals, { escape: dockerfile.escape }));
}

/** What cannot be expanded fails the build a moment later. */
function attempt(word: string, env: ReadonlyMap<string, string>, options: Parameters<typeof expand>[2]): Expansion[] {
  try {
    return [expand(word, env, options)];
  } catch (error) {
    if (isFault(error)) return [];
    throw error;
  }
}

function wordsOf(instruction: Instruction, buildArgs: ReadonlyMap<string, string>): readonly string[] {
  switch (instruction.kind) {
    case "env":
    case "label": return instruction.pairs.flatMap(({ key, value }) => [key, value]);
    case "arg": return instruction.args.flatMap(({ name, value }) => (value === undefined || buildArgs.has(name) ? [] : [value]));
    case "copy": return [instruction.chown ?? "", instruction.chmod ?? "", ...instruction.sources, instruction.destination];
    case "add": return [instruction.chown ?? "", instruction.chmod ?? "", instruction.checksum ?? "", ...instruction.sources, instruction.destination];
    case "workdir":
    case "user":
    case "stopsignal": return [instruction.value];
    case "volume": return instruction.paths;
    case "run": return instruction.mounts.flatMap(mountValues);
    default: return [];
  }
}

function mountValues(mount: string): string[] {
  return csvFields(mount, "mounts").flatMap((field) => (field.includes("=") && !/^from=/i.test(field) ? [field.slice(field.indexOf("=") + 1)] : []));
}
