import { expand } from "../dockerfile/expand.ts";
import type { StepFacts } from "./rule.ts";

/** What an EXPOSE names, after expansion; nothing for other instructions. */
export function exposedWords({ instruction, state, escape }: StepFacts): string[] {
  return instruction.kind !== "expose" ? [] : instruction.ports.flatMap((port) => expand(port, state.env, { escape }).words);
}
