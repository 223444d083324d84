import { byVersion, inRange, isRange } from "../../carry/tags/tag-version.ts";
import { fault } from "../../std/fault.ts";
import { matchPath } from "../../std/match-path.ts";
import { wholeNumber } from "../flags/whole-number.ts";

export interface TagChoice {
  readonly filter: readonly string[];
  readonly semver: string | undefined;
  readonly sort: string;
  readonly limit: string | undefined;
}

/** The tags that the flags of `tags` ask for, in their order. @throws USAGE */
export function chooseTags(tags: readonly string[], { filter, semver, sort, limit }: TagChoice): readonly string[] {
  if (semver !== undefined && !isRange(semver)) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(semver)} for --semver`, hint: "it looks like ^1.27 or '>=3.18 <4'" });
  const most = limit === undefined ? Infinity : wholeNumber(limit, "--limit", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const chosen = tags.filter((tag) => (filter.length === 0 || filter.some((pattern) => matchPath(pattern, tag))) && (semver === undefined || inRange(tag, semver)));
  if (sort === "version") chosen.sort(byVersion);
  if (sort === "name") chosen.sort();
  return chosen.slice(0, most);
}
