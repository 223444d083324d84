import { suggest } from "../../dockerfile/suggest.ts";
import { fault, type Fault } from "../../std/fault.ts";
import type { FlagTable } from "./flag.ts";
import type { FlagProblem } from "./parse-flags.ts";

/** The fault of a command line that cannot be read: USAGE, or NOT_SUPPORTED for a flag that the table refuses. */
export function flagFault({ kind, message, more }: FlagProblem, table: FlagTable): Fault {
  if (kind === "refused") return fault("NOT_SUPPORTED", { feature: message, ...(more ? { hint: more } : {}) });
  if (kind === "usage") return fault("USAGE", { problem: message, ...(more ? { hint: more } : {}) });
  const near = suggest(more ?? "", Object.keys(table).filter((known) => table[known]!.refused === undefined));
  return fault("USAGE", { problem: message, ...(near ? { hint: `did you mean --${near}?` } : {}) });
}
