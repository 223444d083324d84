import type { FlagTable, FlagValues } from "./flags/flag.ts";
import type { Io } from "./io.ts";

/** What a command gets to work with. */
export interface Call<Table extends FlagTable> {
  readonly flags: FlagValues<Table>;
  readonly given: ReadonlySet<keyof Table & string>;
  readonly positionals: readonly string[];
  readonly io: Io;
  /** Aborted by Ctrl-C and SIGTERM with the fault INTERRUPTED as its reason. */
  readonly signal: AbortSignal;
}

/** A command: its words as data and what it does. Its file loads little; `run` imports what the work needs. */
export interface Command<Table extends FlagTable = FlagTable> {
  /** As typed after `sampan`: `build`, `registry serve`. */
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** A paragraph or two for the help. */
  readonly description?: string;
  /** What stands after the name in the usage line: `[OPTIONS] PATH | -`. */
  readonly usage: string;
  readonly flags: Table;
  readonly examples?: readonly { readonly title: string; readonly line: string }[];
  /** How many words may follow the flags. */
  readonly positionals: { readonly min: number; readonly max: number };
  /** False where the first word ends the flags, as for `run`. */
  readonly interspersed?: boolean;
  /** Whether refused flags are refused by the command itself, which takes them in some cases. */
  readonly refusesLater?: boolean;
  /** Exit status where a fault says 1: `run` keeps this for the command's own status. */
  readonly failureStatus?: number;
  /** Exit status where a fault says 2, of all that may end with a command's own status. */
  readonly usageStatus?: number;
  /** Does the work and gives the exit status, 0 where it gives nothing. */
  run(call: Call<Table>): Promise<number | void>;
}

/** Keeps the literal types of the command's flags. */
export function command<const Table extends FlagTable>(definition: Command<Table>): Command<Table> {
  return definition;
}
