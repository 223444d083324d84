import { compileIgnore, type IgnoreMatcher } from "../dockerfile/ignore.ts";
import { fault, isFault } from "../std/fault.ts";
import type { SourceEntry, SourceView } from "./source-view.ts";

/** What COPY --parents and --exclude leave of a directory; paths are below that directory. */
export interface TreeFilter {
  takes(path: string): boolean;
  /** Whether something below a directory that is not taken itself may be. */
  mayTakeBelow(directory: string): boolean;
}

/** One entry that is taken. */
export interface TakenEntry {
  readonly entry: SourceEntry;
  /** Below the source. */
  readonly path: string;
  /** False for a directory that is there only because something below it is taken. */
  readonly itself: boolean;
  /** Of a directory, what is taken of it. */
  readonly below: () => readonly TakenEntry[];
}

/**
 * @param include the pattern of --parents, which by the rules of .dockerignore matches what is wanted
 * @param exclude the patterns of --exclude; they win
 * @throws IGNORE_PATTERN
 */
export function compileFilter(include: string | undefined, exclude: readonly string[]): TreeFilter | undefined {
  if (include === undefined && exclude.length === 0) return undefined;
  const wanted = include === undefined ? undefined : compile("includepatterns", [include]);
  const unwanted = compile("excludepatterns", exclude);
  const start = include === undefined ? "" : literalStart(include);
  return {
    takes: (path) => (wanted?.matches(path) ?? true) && !unwanted.matches(path),
    mayTakeBelow: (directory) => {
      if (unwanted.matches(directory) && !unwanted.mayReinclude(directory)) return false;
      const here = `${directory}/`;
      return start.startsWith(here) || here.startsWith(start);
    },
  };
}

/** What is taken of a directory: without a filter all of it. Directories on the way to something are taken with it. */
export function takenEntries(view: SourceView, directory: SourceEntry, filter: TreeFilter | undefined, prefix = ""): TakenEntry[] {
  return view.children(directory).flatMap((entry): TakenEntry[] => {
    const path = prefix + entry.name;
    const isDirectory = entry.stat.isDirectory();
    // Read when it is asked for, and not kept: trees may be large.
    const below = (): TakenEntry[] => (isDirectory ? takenEntries(view, entry, filter, `${path}/`) : []);
    if (filter === undefined || filter.takes(path)) return [{ entry, path, itself: true, below }];
    if (!isDirectory || !filter.mayTakeBelow(path)) return [];
    const found = below();
    return found.length > 0 ? [{ entry, path, itself: false, below: () => found }] : [];
  });
}

function compile(kind: string, patterns: readonly string[]): IgnoreMatcher {
  try {
    return compileIgnore(patterns);
  } catch (error) {
    if (!isFault(error, "IGNORE_PATTERN")) throw error;
    throw fault("IGNORE_PATTERN", { pattern: patterns.join(" "), problem: `invalid ${kind}: [${patterns.join(" ")}]: ${error.message}` });
  }
}

/** The folders of a pattern before its first wildcard, with a slash behind each. */
function literalStart(pattern: string): string {
  const names = pattern.split("/");
  const first = names.findIndex((name) => /[*?[\]\\^]|^!/.test(name));
  const literal = first < 0 ? names : names.slice(0, first);
  return literal.map((name) => `${name}/`).join("");
}
