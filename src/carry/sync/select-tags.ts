import { isTag } from "../../oci/reference.ts";
import { matchPath } from "../../std/match-path.ts";
import { byVersion, inRange, tagVersion } from "../tags/tag-version.ts";
import { excludedBy, isDigestTag } from "./named-tags.ts";
import type { TagChoice } from "./sync-entry.ts";

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
  const excluded = excludedBy(tag, exclude);
  if (excluded !== undefined) return excluded;
  if (tags === undefined && semver === undefined) return undefined;
  if (tags?.some((each) => matchPath(each, tag)) || (semver !== undefined && inRange(tag, semver))) return undefined;
  if (tags === undefined) return `not in ${semver}`;
  const unnamed = tags.every(isTag) ? "is not named" : "matches no pattern";
  return semver === undefined ? unnamed : `${unnamed} and is not in ${semver}`;
}

/** Words such as `latest`, and tags that are named in full, do not count as versions. */
function isCounted(tag: string, { tags }: TagChoice): boolean {
  return tagVersion(tag) !== undefined && !tags?.includes(tag);
}
