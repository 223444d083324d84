import type { FlagTable } from "./flag.ts";
import { flagFault } from "./flag-fault.ts";
import { FlagProblem } from "./parse-flags.ts";

/** Refuses what the table refuses, for a command that reads such flags first. @throws NOT_SUPPORTED */
export function refuseFlags<Table extends FlagTable>(given: ReadonlySet<keyof Table & string>, table: Table): void {
  for (const name of given) {
    const { refused, short } = table[name]!;
    if (refused !== undefined) throw flagFault(new FlagProblem("refused", `the flag ${short === undefined ? "" : `-${short}, `}--${name}`, refused), table);
  }
}
