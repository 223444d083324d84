import { compileIgnore } from "../../dockerfile/ignore.ts";
import { isGlob } from "../../dockerfile/ignore-pattern.ts";

/** What of a folder a worker asks for. */
export interface TreePatterns {
  /** What may be sent; everything where there is none. */
  readonly include: readonly string[];
  /** What is left out of it, with `!` for what is not. */
  readonly exclude: readonly string[];
}

/** Decides about paths relative to the folder, with `/` between names. */
export interface TreeFilter {
  /** Whether the path itself is sent. Directories on the way to something that is sent are sent too. */
  wants(path: string): boolean;
  /** Whether something below the directory may be wanted. */
  enters(directory: string): boolean;
}

/** @throws IGNORE_PATTERN */
export function treeFilter({ include, exclude }: TreePatterns): TreeFilter {
  const wanted = include.length === 0 ? undefined : compileIgnore(include);
  const left = compileIgnore(exclude, { strict: true });
  const prefixes = include.map(fixedPrefix);
  const mayHold = (directory: string): boolean => prefixes.some((prefix) => prefix === "" || prefix === directory || prefix.startsWith(`${directory}/`) || directory.startsWith(`${prefix}/`));
  return {
    wants: (path) => (wanted === undefined || wanted.matches(path)) && !left.matches(path),
    enters: (directory) => (wanted === undefined || wanted.matches(directory) || mayHold(directory)) && (!left.matches(directory) || left.mayReinclude(directory)),
  };
}

/** The names of a pattern before the first with a wildcard: `a/b/*.txt` → `a/b`. */
function fixedPrefix(pattern: string): string {
  const names = pattern.split("/").filter((name) => name !== "" && name !== ".");
  const first = names.findIndex(isGlob);
  return names.slice(0, first < 0 ? names.length : first).join("/");
}
