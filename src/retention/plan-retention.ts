import semver from "semver";
import { tagVersion } from "../carry/tags/tag-version.ts";
import type { Digest } from "../oci/digest.ts";
import { compileGlob } from "../std/glob.ts";
import type { Keep, RetentionRule } from "./retention-rule.ts";
import type { TagFacts } from "./tag-facts.ts";

/** What happens to a tag, and why. */
export interface Verdict {
  readonly tag: string;
  readonly digest: Digest;
  readonly verdict: "keep" | "delete";
  readonly reason: string;
}

export interface PlanOptions {
  readonly rules: readonly { readonly rule: RetentionRule; /** What reasons call it. */ readonly name: string; readonly covers: (repository: string) => boolean }[];
  /** Tags that never change and never go. */
  readonly immutable: (repository: string, tag: string) => boolean;
  readonly now: number;
}

/**
 * The verdicts for all tags of a repository, by name. A tag goes when a rule speaks of it and none of these rules keeps
 * it; a tag that no rule speaks of stays, and so do all names of an image of which one stays. Tags that belong to another image,
 * as cosign and the fallback of referrers name them (`sha256-…`), stay with it and go with it.
 */
export function planRetention(repository: string, tags: readonly TagFacts[], options: PlanOptions): readonly Verdict[] {
  const rules = options.rules.filter(({ covers }) => covers(repository));
  const reasons = new Map<string, string[]>();
  const spoken = new Map<string, string[]>();
  const own = tags.filter(({ tag }) => subjectOf(tag) === undefined);
  for (const { rule, name } of rules) {
    const selects = matcher(rule.tags ?? ["*"]);
    const chosen = own.filter(({ tag }) => selects(tag));
    const kept = keptBy(rule.keep, chosen, options.now);
    for (const { tag } of chosen) {
      append(spoken, tag, name);
      const reason = kept.get(tag);
      if (reason !== undefined) append(reasons, tag, `${reason} (${name})`);
    }
  }

  const verdicts = new Map<string, Verdict>();
  const judge = ({ tag, digest }: TagFacts, verdict: Verdict["verdict"], reason: string): void => void verdicts.set(tag, { tag, digest, verdict, reason });
  for (const facts of own) {
    const { tag } = facts;
    const kept = reasons.get(tag);
    if (!spoken.has(tag)) judge(facts, "keep", "no rule speaks of it");
    else if (kept) judge(facts, "keep", kept.join("; "));
    else if (options.immutable(repository, tag)) judge(facts, "keep", "it is immutable");
    else if (facts.partOf !== undefined) judge(facts, "keep", `it is a part of ${facts.partOf}`);
    else judge(facts, "delete", `nothing in ${spoken.get(tag)!.join(", ")} keeps it`);
  }

  // Deleting another name of an image that stays frees nothing, and breaks who pulls by that name.
  const staying = new Map(own.filter(({ tag }) => verdicts.get(tag)!.verdict === "keep").map(({ tag, digest }) => [digest, tag]));
  for (const facts of own) {
    const kept = staying.get(facts.digest);
    if (kept !== undefined && verdicts.get(facts.tag)!.verdict === "delete") judge(facts, "keep", `it names the same image as ${kept}`);
  }
  const going = new Set(own.filter(({ digest }) => !staying.has(digest)).map(({ digest }) => digest));
  for (const facts of tags) {
    const subject = subjectOf(facts.tag);
    if (subject === undefined) continue;
    if (going.has(subject)) judge(facts, "delete", `it belongs to ${subject}, whose tags go`);
    else judge(facts, "keep", staying.has(subject) ? `it belongs to ${subject}, which stays` : `it belongs to ${subject}, which has no tag`);
  }
  return tags.map(({ tag }) => verdicts.get(tag)!).sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

/** Reasons by tag, for those that stay. */
function keptBy(keep: Keep, tags: readonly TagFacts[], now: number): ReadonlyMap<string, string> {
  const kept = new Map<string, string>();
  const add = (tag: string, reason: string): void => void (kept.has(tag) || kept.set(tag, reason));
  if (keep.tags) {
    const matches = matcher(keep.tags);
    for (const { tag } of tags) if (matches(tag)) add(tag, "its name is kept");
  }
  if (keep.last !== undefined) {
    const newest = [...new Set([...tags].sort((a, b) => b.pushedAt - a.pushedAt || (a.tag < b.tag ? -1 : 1)).map(({ digest }) => digest))].slice(0, keep.last);
    for (const { tag, digest } of tags) if (newest.includes(digest)) add(tag, `among the last ${keep.last} pushed`);
  }
  if (keep.versions !== undefined) for (const [tag, reason] of versionsKept(tags, keep.versions)) add(tag, reason);
  for (const { tag, pushedAt, pulledAt, signed } of tags) {
    if (keep.allVersions) {
      if (readVersion(tag)) add(tag, "it is a version");
      else if (LIKE_VERSION.test(tag)) add(tag, UNREADABLE);
    }
    if (keep.pushedWithin !== undefined && now - pushedAt <= keep.pushedWithin) add(tag, `pushed ${age(now - pushedAt)} ago`);
    if (keep.pulledWithin !== undefined && pulledAt !== undefined && now - pulledAt <= keep.pulledWithin) add(tag, `pulled ${age(now - pulledAt)} ago`);
    if (keep.signed && signed) add(tag, "something refers to it");
  }
  return kept;
}

const WHOLE = /^v?\d+\.\d+\.\d+$/;
/** `1.2`, `1`, and of a variant `1.2-alpine`. */
const PARTIAL = /^v?\d+(?<minor>\.\d+)?(?:-[A-Za-z][0-9A-Za-z._-]*)?$/;
/** Dates and numbers of builds (20241127.1.0) are not ordered among versions, but nobody wants them to be lost for that. */
const LIKE_VERSION = /^v?\d+\.\d/i;
const UNREADABLE = "it looks like a version, and cannot be compared as one";

/** As far as the tag means the version that it is read as: a number too long for a patch is taken for something behind it. */
function readVersion(tag: string): semver.SemVer | undefined {
  const version = tagVersion(tag);
  return WHOLE.test(tag) && version?.prerelease.length !== 0 ? undefined : version;
}

function* versionsKept(tags: readonly TagFacts[], count: number): Iterable<[tag: string, reason: string]> {
  const releases = tags.filter(({ tag }) => WHOLE.test(tag)).map(({ tag }) => readVersion(tag)).filter((version) => version !== undefined).sort(semver.rcompare);
  const highest = [...new Map(releases.map((version) => [version.version, version])).values()].slice(0, count);
  const oldest = highest.at(-1);
  for (const { tag } of tags) {
    const version = readVersion(tag);
    const partial = PARTIAL.exec(tag);
    if (version === undefined) {
      if (LIKE_VERSION.test(tag)) yield [tag, UNREADABLE];
      continue;
    }
    if (WHOLE.test(tag)) {
      if (highest.some((each) => each.version === version.version)) yield [tag, `among the ${count} highest versions`];
      continue;
    }
    const leads = partial && highest.find((each) => each.major === version.major && (partial.groups!["minor"] === undefined || each.minor === version.minor));
    if (leads) {
      yield [tag, `it leads to ${leads.version}`];
    } else if (oldest === undefined || new semver.SemVer(`${version.major}.${version.minor}.${version.patch}`).compare(oldest) >= 0) {
      yield [tag, oldest === undefined ? "there is no released version yet" : `not older than ${oldest.version}`];
    }
  }
}

/** The image that a tag belongs to: `sha256-<hex>` of the specification, and cosign's `.sig`, `.att` and `.sbom` behind it. */
function subjectOf(tag: string): Digest | undefined {
  const hex = /^sha256-([a-f0-9]{64})(?:\.(?:sig|att|sbom))?$/.exec(tag)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

function matcher(patterns: readonly string[]): (tag: string) => boolean {
  const tests = patterns.map(compileGlob);
  return (tag) => tests.some((test) => test(tag));
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function age(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  const [count, unit] = hours < 1 ? [Math.round(hours * 60), "minute"] : hours < 48 ? [Math.round(hours), "hour"] : [Math.round(hours / 24), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
