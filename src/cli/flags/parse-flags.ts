import type { Flag, FlagTable, FlagValues } from "./flag.ts";

/**
 * What is wrong with a command line. Not a fault yet: the fault table and the search for near names are read when
 * something is wrong, and every start is faster for it. `flagFault` makes the fault.
 */
export class FlagProblem extends Error {
  readonly kind: "usage" | "unknown" | "refused";
  /** What to do, or for `unknown` the name without its dashes. */
  readonly more: string | undefined;

  constructor(kind: FlagProblem["kind"], message: string, more?: string) {
    super(message);
    this.kind = kind;
    this.more = more;
  }
}

export interface ParsedFlags<Table extends FlagTable> {
  readonly flags: FlagValues<Table>;
  /** Names of the flags that stand on the command line. */
  readonly given: ReadonlySet<keyof Table & string>;
  readonly positionals: readonly string[];
}

/**
 * Reads a command line by the rules of Go's pflag, which Docker uses: `--flag value`, `--flag=value`, `-f value`,
 * `-fvalue`, `-f=value`, bundles (`-it`), `--switch=false`, `--` ends the flags, and a value may begin with a dash.
 * (yargs-parser reads `-tname` as a word and `--build-arg -x` as an empty value, and yargs takes 45 ms to load.)
 * With `refusesLater` the flags that the table refuses are read like others.
 * With `interspersed: false` the first word that is no flag ends the flags, as for `run`.
 * @throws FlagProblem
 */
export function parseFlags<const Table extends FlagTable>(
  words: readonly string[],
  table: Table,
  options: { interspersed?: boolean; refusesLater?: boolean } = {},
): ParsedFlags<Table> {
  const values: Record<string, boolean | string | string[] | undefined> = {};
  for (const [name, flag] of Object.entries(table)) {
    values[name] = flag.kind === "switch" ? false : flag.kind === "list" ? [] : flag.default;
  }
  const given = new Set<string>();
  const positionals: string[] = [];
  const pending = [...words];

  const set = (name: string, shown: string, text: string | undefined): void => {
    const flag = table[name]!;
    if (flag.refused !== undefined && !options.refusesLater) throw new FlagProblem("refused", `the flag ${shown}`, flag.refused);
    given.add(name);
    if (flag.kind === "switch") {
      values[name] = text === undefined ? true : parseBoolean(text, shown);
      if (flag.sets && values[name]) set(flag.sets[0], shown, flag.sets[1]);
      return;
    }
    const value = text ?? pending.shift();
    if (value === undefined) throw new FlagProblem("usage", `flag needs an argument: ${shown}`);
    checkChoice(flag, shown, value);
    if (flag.kind === "list") (values[name] as string[]).push(value);
    else values[name] = value;
    if (flag.sets) set(flag.sets[0], shown, flag.sets[1]);
  };

  while (pending.length > 0) {
    const word = pending.shift()!;
    if (word === "--") {
      positionals.push(...pending.splice(0));
    } else if (word.startsWith("--")) {
      const equals = word.indexOf("=");
      const name = word.slice(2, equals < 0 ? undefined : equals);
      if (!Object.hasOwn(table, name)) throw new FlagProblem("unknown", `unknown flag: --${name}`, name);
      set(name, `--${name}`, equals < 0 ? undefined : word.slice(equals + 1));
    } else if (word.startsWith("-") && word.length > 1) {
      readShort(word, table, set);
    } else {
      positionals.push(word);
      if (options.interspersed === false) positionals.push(...pending.splice(0));
    }
  }
  return { flags: values as FlagValues<Table>, given, positionals };
}

function readShort(word: string, table: FlagTable, set: (name: string, shown: string, text: string | undefined) => void): void {
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at]!;
    const found = Object.entries(table).find(([, flag]) => flag.short === letter);
    if (!found) throw new FlagProblem("usage", `unknown shorthand flag: '${letter}' in ${word}`);
    const [name, flag] = found;
    const shown = `-${letter}, --${name}`;
    const rest = word.slice(at + 1);
    if (rest.startsWith("=")) return set(name, shown, rest.slice(1));
    if (flag.kind !== "switch") return set(name, shown, rest === "" ? undefined : rest);
    set(name, shown, undefined);
  }
}

function parseBoolean(text: string, shown: string): boolean {
  if (/^(?:1|t|true)$/i.test(text)) return true;
  if (/^(?:0|f|false)$/i.test(text)) return false;
  throw new FlagProblem("usage", `invalid argument ${JSON.stringify(text)} for ${shown}`, "it is true or false");
}

function checkChoice(flag: Flag, shown: string, value: string): void {
  if (flag.choices === undefined || flag.choices.includes(value)) return;
  throw new FlagProblem("usage", `invalid argument ${JSON.stringify(value)} for ${shown}`, `it is one of ${flag.choices.join(", ")}`);
}
