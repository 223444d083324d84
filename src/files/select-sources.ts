import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";
import { checkPattern, hasWildcard, matchName } from "./match-name.ts";
import type { SourceEntry, SourceView } from "./source-view.ts";

/** One file or directory that a COPY or ADD line names, or that its wildcard matches. */
export interface Selection {
  /** The name that it gets below a destination directory: the last component as named, not where a symlink led. */
  readonly name: string;
  /** Where it leads, symlinks followed. */
  readonly entry: SourceEntry;
}

/**
 * What one source path of COPY or ADD selects, in order. Both the content digest and the copy ask here,
 * so they always agree. Wildcards follow Go's `filepath.Match` in each component, from the first component
 * that has one on; a directory that matches is not searched further. A wildcard may match nothing.
 * @throws COPY_SOURCE_NOT_FOUND, COPY_PATTERN_INVALID, COPY_PATH_INVALID, SYMLINK_LOOP
 */
export function selectSources(view: SourceView, source: string, options: { wildcards: boolean; command?: string }): Selection[] {
  if (source.includes("\0")) throw fault("COPY_PATH_INVALID", { path: source, problem: "it contains a NUL byte" });
  const components = clean(source);
  const first = options.wildcards ? components.findIndex(hasWildcard) : -1;
  if (first < 0) {
    const entry = view.find(components.join("/"));
    if (entry === undefined) throw notFound(view, components, options.command ?? "COPY");
    return [{ name: components.at(-1) ?? "", entry }];
  }
  components.slice(first).forEach(checkPattern);
  const base = view.find(components.slice(0, first).join("/"));
  if (base === undefined) return [];
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
function clean(path: string): string[] {
  const result: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") result.pop();
    else if (part !== "" && part !== ".") result.push(part);
  }
  return result;
}

function notFound(view: SourceView, components: readonly string[], command: string): Error {
  const path = components.join("/");
  const suggestion = suggestPath(view, components);
  return fault("COPY_SOURCE_NOT_FOUND", {
    command,
    source: `/${path}`,
    from: view.name,
    excluded: view.isHidden(path),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}

/** A path that is there and differs by a typing error in its last component, or by nothing but case. */
function suggestPath(view: SourceView, components: readonly string[]): string | undefined {
  const parents = components.slice(0, -1);
  const folder = view.find(parents.join("/"));
  if (!folder?.stat.isDirectory()) return undefined;
  const name = components.at(-1)!;
  const names = view.children(folder).map((child) => child.name);
  const found = names.find((other) => other.toLowerCase() === name.toLowerCase()) ?? suggest(name, names);
  return found === undefined ? undefined : [...parents, found].join("/");
}
