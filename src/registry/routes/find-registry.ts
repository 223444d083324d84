import { fault } from "../../std/fault.ts";
import type { RegistryEntry } from "./registries-conf.ts";
import type { Destination } from "./destination.ts";

/** An entry and how much of a reference's text its prefix takes. */
export interface RegistryMatch {
  readonly entry: RegistryEntry;
  readonly length: number;
}

/** The entry with the longest prefix of a reference; `*.example.com` means the hosts below example.com. */
export function findRegistry(entries: readonly RegistryEntry[], destination: Destination): RegistryMatch | undefined {
  const text = textOf(destination);
  let best: RegistryMatch | undefined;
  for (const entry of entries) {
    const length = matchedLength(text, entry.prefix);
    if (length > (best?.length ?? 0)) best = { entry, length };
  }
  return best;
}

/**
 * Where a reference is when `location` stands for the prefix that matched.
 * @throws ROUTES_INVALID when no host and repository come of it
 */
export function relocate(destination: Destination, { entry, length }: RegistryMatch, location: string): { host: string; rename: { from: string; to: string } } {
  const { repository = "" } = destination;
  const named = nameOf(destination);
  const [host, ...rest] = (location + named.slice(length)).split("/");
  const to = rest.join("/");
  if (length > named.length || !host || (repository !== "" && to === "")) {
    throw fault("ROUTES_INVALID", { file: entry.file, problem: `location ${JSON.stringify(location)} cannot stand for ${JSON.stringify(named.slice(0, length))}: a host and the name of a repository must come of it` });
  }
  return { host, rename: repository === "" ? { from: "", to: "" } : { from: repository, to } };
}

function matchedLength(text: string, prefix: string): number {
  if (!prefix.startsWith("*.")) return text.startsWith(prefix) && endsWord(text, prefix.length) ? prefix.length : -1;
  const suffix = prefix.slice(1);
  const host = text.split("/")[0]!;
  for (let at = text.indexOf(suffix, 1); at > 0 && at < host.length; at = text.indexOf(suffix, at + 1)) {
    if (endsWord(text, at + suffix.length)) return at + suffix.length;
  }
  return -1;
}

function endsWord(text: string, at: number): boolean {
  return at === text.length || "/:@".includes(text[at]!);
}

function nameOf({ host, repository }: Destination): string {
  return repository ? `${host}/${repository}` : host;
}

function textOf(destination: Destination): string {
  const { tag, digest } = destination;
  return nameOf(destination) + (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}
