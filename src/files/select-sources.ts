import { suggest } from "../dockerfile/suggest.ts";
import { fault } from "../std/fault.ts";
import { checkPattern, hasWildcard, matchName } from "./match-name.ts";
import { readLink } from "./read-link.ts";
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
