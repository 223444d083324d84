import { isFault } from "../../std/fault.ts";
import { causeLines } from "../errors/cause-lines.ts";

/** What went wrong in a server that goes on, for its log: what was foreseen in words and with its causes, anything else with the place in the program. */
export function problemText(problem: Error): string {
  if (isFault(problem)) return problem.message;
  if (!["RegistryError", "Trouble"].includes(problem.name)) return problem.stack ?? problem.message;
  return [problem.message, ...causeLines(problem)].join("\n");
}
