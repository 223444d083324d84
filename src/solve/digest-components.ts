import { sha256 } from "../oci/digest.ts";
import type { ContentRow } from "./ports.ts";
import { fileDifferences } from "./explain.ts";

/** What a cache elsewhere tells of the key of a step: enough to say what differs, and nothing that a build knew. */
export interface StepReasons {
  /** The digests of all components, shortened, by name. */
  readonly components: Readonly<Record<string, string>>;
  readonly files: readonly ContentRow[];
}

/** Values of variables and commands do not leave the machine: what differs is told by their digests. */
export function digestComponents(components: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(components).map(([name, value]) => [name, sha256(`${name}\0${value}`).slice(7, 23)]));
}

/** Why a cache elsewhere has no result of a step, line by line. */
export function explainDistantMiss(components: Readonly<Record<string, string>>, files: readonly ContentRow[], there: StepReasons | undefined): string[] {
  if (!there) return ["it has no such step"];
  const now = digestComponents(components);
  const lines: string[] = [];
  for (const name of new Set([...Object.keys(there.components), ...Object.keys(now)])) {
    if (name === "content" || name === "from" || there.components[name] === now[name]) continue;
    lines.push(name === "base" ? "the step before it made another result" : `${name}: ${there.components[name] === undefined ? "is not there" : now[name] === undefined ? "is there only" : "differs"}`);
  }
  const content = there.components["content"];
  if (content !== undefined && content !== now["content"]) lines.push(...fileDifferences(there.files, files));
  return lines.length > 0 ? lines : ["its result is not kept"];
}
