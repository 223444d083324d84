/**
 * One flag of a command, as data: the parser, the help, docs/cli.md and the "did you mean" read the same table.
 * `switch` is there or not, `text` has one value (the last one given), `list` may be given several times.
 */
export interface Flag {
  readonly kind: "switch" | "text" | "list";
  /** The one-letter form, without its dash. */
  readonly short?: string;
  /** What the value is called in the help: `NAME=VALUE`. */
  readonly value?: string;
  readonly help: string;
  /** The heading in the help; none means "Options". */
  readonly group?: string;
  readonly choices?: readonly string[];
  readonly default?: string;
  /** It is another word for that flag with that value: the one that stands last counts. */
  readonly sets?: readonly [name: string, value: string];
  /** Docker's tools know the flag and this version refuses it; the text says what to do instead, or is empty. */
  readonly refused?: string;
}

/** The flags of a command by their long names. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** What was given for the flags of a table. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name]["kind"] extends "switch"
    ? boolean
    : Table[Name]["kind"] extends "list"
      ? readonly string[]
      : Table[Name] extends { readonly default: string }
        ? string
        : string | undefined;
};

/** Keeps the literal types of a table, from which {@link FlagValues} are made. */
export function flagTable<const Table extends FlagTable>(table: Table): Table {
  return table;
}

/** For commands whose --format knows `json`. */
export const jsonWord = flagTable({ json: { kind: "switch", help: "The same as --format json", sets: ["format", "json"] } });

/** For commands that have --json. */
export const formatWord = flagTable({ format: { kind: "text", value: "json", help: "The same as --json", choices: ["json"], sets: ["json", "true"] } });
