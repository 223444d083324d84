import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";
import { checkPattern, hasWildcard, matchName } from "./match-name.ts";
import { readLink } from "./read-link.ts";
import type { SourceEntry, SourceView } from "./source-view.ts";
import { compileFilter, takenEntries, type TreeFilter } from "./tree-filter.ts";

/** One file or directory that a COPY or ADD line names, or that its wildcard matches. */
export interface Selection {
  /** The name that it gets below a destination directory: the last component as named, not where a symlink led. */
  readonly name: string;
  /** Where it leads, symlinks followed. */
  readonly entry: SourceEntry;
  /** What is taken of it, if it is a directory; all where there is none. */
  readonly filter?: TreeFilter | undefined;
}

export interface SelectOptions {
  readonly wildcards: boolean;
  /** COPY or ADD, for messages. */
  readonly command?: string;
  /** --parents: a source is a pattern below the text in front of `/./`, or below the root. */
  readonly parents?: boolean;
  /** Patterns of --exclude. */
  readonly exclude?: readonly string[];
}

/**
 * What one source path of COPY or ADD selects, in order. Both the content digest and the copy ask here,
 * so they always agree. Wildcards follow Go's `filepath.Match` in each component, from the first component
 * that has one on; a directory that matches is not searched further. A wildcard may match nothing in a folder that is there.
 * With `parents` that is the rule for the part in front of `/./` only, and the rest is a pattern as in .dockerignore.
 * @throws COPY_SOURCE_NOT_FOUND, COPY_PATTERN_INVALID, COPY_PATH_INVALID, IGNORE_PATTERN, SYMLINK_LOOP
 */
export function selectSources(view: SourceView, source: string, options: SelectOptions): Selection[] {
  if (source.includes("\0")) throw fault("COPY_PATH_INVALID", { path: source, problem: "it contains a NUL byte" });
  if (options.parents !== true) {
    const filter = compileFilter(undefined, options.exclude ?? []);
    return selectPaths(view, source, options).map((selection) => ({ ...selection, filter }));
  }
  const { pivot, pattern } = splitPivot(source);
  const filter = compileFilter(pattern, options.exclude ?? []);
  const selections = selectPaths(view, pivot, options).map((selection) => ({ ...selection, filter }));
  const isWanted = ({ entry }: Selection): boolean => entry.stat.isDirectory() && (hasWildcard(pattern) || takenEntries(view, entry, filter).length > 0);
  if (!hasWildcard(pivot)) {
    if (!selections.some(isWanted)) throw notFound(view, clean(`${pivot}/${pattern}`), options.command ?? "COPY");
    return selections;
  }
  // Nothing lies below a file: where the rest names one thing, what `*` finds besides folders is not meant. BuildKit's client sends none of it.
  return hasWildcard(pattern) || pattern === "" ? selections : selections.filter(({ entry }) => entry.stat.isDirectory());
}

/** The folder that --parents begins at, and the pattern of what is taken below it. */
function splitPivot(source: string): { pivot: string; pattern: string } {
  const at = source.indexOf("/./");
  const [pivot, rest] = at < 0 ? ["", source] : [source.slice(0, at), source.slice(at + 3)];
  // As in BuildKit, only one slash is taken from the front: another one matches nothing.
  return { pivot, pattern: rest.startsWith("//") ? rest.slice(1) : clean(rest).join("/") };
}

function selectPaths(view: SourceView, source: string, options: SelectOptions): Selection[] {
  const components = clean(source);
  const first = options.wildcards ? components.findIndex(hasWildcard) : -1;
  if (first < 0) {
    const entry = view.find(components.join("/"));
    if (entry === undefined) throw notFound(view, components, options.command ?? "COPY");
    return [{ name: components.at(-1) ?? "", entry }];
  }
  components.slice(first).forEach(checkPattern);
  const base = view.find(components.slice(0, first).join("/"));
  if (base === undefined) throw notFound(view, components.slice(0, first), options.command ?? "COPY");
  const matches: SourceEntry[] = [];
  search(view, base, components.slice(first), matches);
  return matches.map((match) => {
    const entry = match.stat.isSymbolicLink() ? view.find(match.path) : match;
    if (entry === undefined) throw notFound(view, match.path.split("/"), options.command ?? "COPY");
    return { name: match.name, entry };
  });
}

function search(view: SourceView, directory: SourceEntry, patterns: readonly string[], matches: SourceEntry[]): void {
  if (!directory.stat.isDirectory()) return;
  const [pattern, ...rest] = patterns;
  for (const child of view.children(directory)) {
    if (!matchName(pattern!, child.name)) continue;
    if (rest.length === 0) matches.push(child);
    else search(view, child, rest, matches);
  }
}

/** Components of a path below the root, `.` and `..` resolved lexically as Go's `path.Clean` does. */
export function clean(path: string): string[] {
  const result: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") result.pop();
    else if (part !== "" && part !== ".") result.push(part);
  }
  return result;
}

function notFound(view: SourceView, components: readonly string[], command: string): Error {
  const path = components.join("/");
  const details = { command, source: `/${path}`, from: view.name };
  if (view.isHidden(path)) return fault("COPY_SOURCE_NOT_FOUND", { ...details, reason: "excluded" });
  const name = components.at(-1) ?? "";
  const folder = view.find(components.slice(0, -1).join("/"));
  const names = folder?.stat.isDirectory() ? view.children(folder) : [];
  const itself = names.find((child) => child.name === name);
  if (itself?.stat.isSymbolicLink()) return fault("COPY_SOURCE_NOT_FOUND", { ...details, reason: "link", detail: readLink(itself.hostPath) });
  const near = suggestName(name, names.map((child) => child.name));
  if (near === undefined) return fault("COPY_SOURCE_NOT_FOUND", details);
  return fault("COPY_SOURCE_NOT_FOUND", { ...details, reason: "typo", detail: [...components.slice(0, -1), near].join("/") });
}

/** The name that differs by nothing but case, else by a typing error. */
function suggestName(name: string, names: readonly string[]): string | undefined {
  return names.find((other) => other.toLowerCase() === name.toLowerCase()) ?? suggest(name, names);
}
