import { isTag } from "../../oci/reference.ts";
import { matchPath } from "../../std/match-path.ts";
import { byVersion, inRange, tagVersion } from "../tags/tag-version.ts";
import type { TagChoice } from "./sync-entry.ts";

/** Tags that belong to other manifests: lists of referrers, cosign's signatures. They go along with what they belong to. */
export function isDigestTag(tag: string): boolean {
  return /^sha(?:256|512)-[a-f0-9]{32,}/.test(tag);
}

/**
 * The tags that a choice names in full, where it names them all so and nobody has to list what there is: undefined when a pattern
 * or a range of versions chooses among the tags.
 */
export function namedTags({ tags, semver }: TagChoice): readonly string[] | undefined {
  return tags !== undefined && semver === undefined && tags.every(isTag) ? [...new Set(tags)] : undefined;
}

/** The tags that are wanted, the newest version first, and in a few words why each of the others is not. */
export function selectTags(tags: readonly string[], choice: TagChoice): { readonly wanted: readonly string[]; readonly left: ReadonlyMap<string, string> } {
  const left = new Map<string, string>();
  const passes = (tag: string): boolean => {
    const reason = whyNot(tag, choice);
    if (reason !== undefined) left.set(tag, reason);
    return reason === undefined;
  };
  const passed = tags.filter((tag) => !isDigestTag(tag) && passes(tag)).sort(byVersion);
  if (choice.latest === undefined) return { wanted: passed, left };
  const versions = passed.filter((tag) => isCounted(tag, choice));
  const older = new Set(versions.slice(choice.latest));
  for (const tag of older) left.set(tag, `older than the newest ${choice.latest}`);
  return { wanted: passed.filter((tag) => !older.has(tag)), left };
}

function whyNot(tag: string, { tags, semver, exclude }: TagChoice): string | undefined {
  const pattern = exclude?.find((each) => matchPath(each, tag));
  if (pattern !== undefined) return `excluded by ${pattern}`;
  if (tags === undefined && semver === undefined) return undefined;
  if (tags?.some((each) => matchPath(each, tag)) || (semver !== undefined && inRange(tag, semver))) return undefined;
  return semver === undefined ? "matches no pattern" : tags === undefined ? `not in ${semver}` : `matches no pattern and is not in ${semver}`;
}

/** Words such as `latest`, and tags that are named in full, do not count as versions. */
function isCounted(tag: string, { tags }: TagChoice): boolean {
  return tagVersion(tag) !== undefined && !tags?.includes(tag);
}
