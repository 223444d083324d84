import { fault } from "../std/fault.ts";
import { suggest } from "./suggest.ts";

/** What a flag takes: `true`/`false` or nothing; one value; any number of values. */
export type FlagKind = "boolean" | "text" | "list";

/** Values of the flags of one instruction. */
export type Flags<Name extends string> = ReadonlyMap<Name, readonly string[]>;

/**
 * Reads the flag words of an instruction, `--name` or `--name=value`.
 * @throws DOCKERFILE_FLAG
 */
export function parseFlags<Name extends string>(words: readonly string[], known: Readonly<Record<Name, FlagKind>>): Flags<Name> {
  const flags = new Map<Name, string[]>();
  for (const word of words) {
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const name = written.slice(2);
    if (!isKnown(name, known)) {
      throw fault("DOCKERFILE_FLAG", { problem: `unknown flag: ${written}`, near: suggest(name, Object.keys(known)) });
    }
    const kind = known[name];
    const values = flags.get(name);
    if (values !== undefined && kind !== "list") throw fault("DOCKERFILE_FLAG", { problem: `duplicate flag specified: ${written}` });
    const text = kind === "boolean" ? booleanValue(written, value) : value;
    if (text === undefined) throw missingValue(written);
    if (values === undefined) flags.set(name, [text]);
    else values.push(text);
  }
  return flags;
}

/** Value of a text flag; an empty one counts as not given. */
export function textFlag<Name extends string>(flags: Flags<Name>, name: Name): string | undefined {
  return flags.get(name)?.[0] || undefined;
}

/** Value of a boolean flag, if it was given. */
export function booleanFlag<Name extends string>(flags: Flags<Name>, name: Name): boolean | undefined {
  const value = flags.get(name)?.[0];
  return value === undefined ? undefined : value === "true";
}

export function listFlag<Name extends string>(flags: Flags<Name>, name: Name): readonly string[] {
  return flags.get(name) ?? [];
}

function isKnown<Name extends string>(name: string, known: Readonly<Record<Name, FlagKind>>): name is Name {
  return Object.hasOwn(known, name);
}

function booleanValue(written: string, value: string | undefined): string {
  if (value === undefined) return "true";
  if (value === "") throw missingValue(written);
  const folded = value.toLowerCase();
  if (folded === "true" || folded === "false") return folded;
  throw fault("DOCKERFILE_FLAG", { problem: `expecting boolean value for flag ${written}, not: ${value}` });
}

function missingValue(written: string): Error {
  return fault("DOCKERFILE_FLAG", { problem: `missing a value on flag: ${written}` });
}
