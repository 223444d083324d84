import { isTag } from "../../oci/reference.ts";
import { matchPath } from "../../std/match-path.ts";
import type { TagChoice } from "./sync-entry.ts";

/** Tags that belong to other manifests: lists of referrers, cosign's signatures. They go along with what they belong to. */
export function isDigestTag(tag: string): boolean {
  return /^sha(?:256|512)-[a-f0-9]{32,}/.test(tag);
}

/**
 * The tags that are wanted, in the file's order, where it names them all in full and nobody has to list what there is, and why
 * others of them are not; undefined where a pattern or a range of versions chooses.
 */
export function namedTags({ tags, semver, exclude }: TagChoice): { readonly wanted: readonly string[]; readonly left: ReadonlyMap<string, string> } | undefined {
  if (tags === undefined || semver !== undefined || !tags.every(isTag)) return undefined;
  const left = new Map<string, string>();
  const wanted = [...new Set(tags)].filter((tag) => {
    const reason = excludedBy(tag, exclude);
    if (reason !== undefined) left.set(tag, reason);
    return reason === undefined;
  });
  return { wanted, left };
}

/** In a few words why a tag is not wanted, if a pattern says so. */
export function excludedBy(tag: string, exclude: TagChoice["exclude"]): string | undefined {
  const pattern = exclude?.find((each) => matchPath(each, tag));
  return pattern === undefined ? undefined : `excluded by ${pattern}`;
}
