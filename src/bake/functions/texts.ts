import { homedir } from "node:os";
import { posix } from "node:path";
import semver from "semver";
import { isList, problem, toList, toText, toWhole, type Value } from "../value.ts";
import { format } from "./format.ts";

/** Functions about strings. Lengths and places count characters, as in HCL. */
export const textFunctions = {
  basename: (path: Value) => { const text = toText(path); return text === "" ? "." : posix.basename(text) || "/"; },
  dirname: (path: Value) => posix.dirname(toText(path)),
  chomp: (text: Value) => toText(text).replace(/(?:\r\n|\n|\r)+$/, ""),
  format: (pattern: Value, ...values: Value[]) => format(toText(pattern), values),
  formatlist: (pattern: Value, ...values: Value[]) => formatEach(toText(pattern), values),
  homedir: () => homedir(),
  indent: (count: Value, text: Value) => toText(text).replace(/\n/g, `\n${" ".repeat(Math.min(Math.max(toWhole(count), 0), 1000))}`),
  join: (separator: Value, ...lists: Value[]) => lists.flatMap((list) => toList(list)).map(toText).join(toText(separator)),
  lower: (text: Value) => toText(text).toLowerCase(),
  upper: (text: Value) => toText(text).toUpperCase(),
  title: (text: Value) => toText(text).replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  replace: (text: Value, old: Value, fresh: Value) => toText(text).split(toText(old)).join(toText(fresh)),
  regex: (pattern: Value, text: Value) => found(matcher(pattern).exec(toText(text)) ?? problem(`the pattern ${JSON.stringify(pattern)} did not match`)),
  regexall: (pattern: Value, text: Value) => [...toText(text).matchAll(matcher(pattern, "g"))].map(found),
  regex_replace: (text: Value, pattern: Value, fresh: Value) => toText(text).replace(matcher(pattern, "g"), replacement(toText(fresh))),
  reverse: (text: Value) => [...toText(text)].reverse().join(""),
  sanitize: (text: Value) => toText(text).replace(/[^a-zA-Z0-9_-]/gu, "_"),
  semvercmp: (version: Value, range: Value) => satisfies(toText(version), toText(range)),
  split: (separator: Value, text: Value) => toText(text).split(toText(separator)),
  strlen: (text: Value) => [...toText(text)].length,
  substr: (text: Value, offset: Value, length: Value) => substring([...toText(text)], toWhole(offset), toWhole(length)),
  trim: (text: Value, characters: Value) => trimmed(toText(text), toText(characters)),
  trimprefix: (text: Value, prefix: Value) => { const [all, start] = [toText(text), toText(prefix)]; return all.startsWith(start) ? all.slice(start.length) : all; },
  trimsuffix: (text: Value, suffix: Value) => { const [all, end] = [toText(text), toText(suffix)]; return end !== "" && all.endsWith(end) ? all.slice(0, -end.length) : all; },
  trimspace: (text: Value) => toText(text).trim(),
} satisfies Record<string, (...args: never[]) => Value>;

/** A text for each element of the lists among the values; others stand in all of them. */
function formatEach(pattern: string, values: readonly Value[]): Value {
  const lists = values.filter(isList);
  const length = lists[0]?.length ?? 1;
  if (lists.some((list) => list.length !== length)) problem("the lists of formatlist have different lengths");
  return Array.from({ length }, (_, index) => format(pattern, values.map((value) => (isList(value) ? value[index]! : value))));
}

function substring(characters: readonly string[], offset: number, length: number): string {
  const start = offset < 0 ? Math.max(characters.length + offset, 0) : offset;
  return characters.slice(start, length < 0 ? undefined : start + length).join("");
}

function trimmed(text: string, characters: string): string {
  const set = new Set(characters);
  const all = [...text];
  let [start, end] = [0, all.length];
  while (start < end && set.has(all[start]!)) start += 1;
  while (end > start && set.has(all[end - 1]!)) end -= 1;
  return all.slice(start, end).join("");
}

/** Go's patterns are JavaScript's but for names of groups and flags in front; what else differs is refused by the compiler. */
function matcher(pattern: Value, flags = ""): RegExp {
  const text = toText(pattern);
  const inline = /^\(\?([ims]+)\)/.exec(text);
  try {
    return new RegExp(text.slice(inline?.[0].length ?? 0).replace(/\(\?P</g, "(?<"), `u${inline?.[1] ?? ""}${flags}`);
  } catch (error) {
    return problem((error as Error).message);
  }
}

/** As in HCL: the whole match, or what its groups matched, by name where they have names. */
function found(match: RegExpMatchArray): Value {
  if (match.groups) return Object.fromEntries(Object.entries(match.groups).map(([name, text]) => [name, text ?? null]));
  return match.length === 1 ? match[0] : match.slice(1).map((text) => (text as string | undefined) ?? null);
}

/** Go writes `$1` and `${name}` where JavaScript writes `$1` and `$<name>`. */
function replacement(text: string): string {
  return text.replace(/\$\{(\w+)\}/g, (_, name: string) => (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`));
}

function satisfies(version: string, range: string): boolean {
  const parsed = semver.coerce(version, { includePrerelease: true }) ?? problem(`${JSON.stringify(version)} is no version`);
  const wanted = range.replace(/,\s*/g, " ");
  if (semver.validRange(wanted) === null) problem(`${JSON.stringify(range)} is no constraint`);
  return semver.satisfies(parsed, wanted);
}
