import semver from "semver";
import { tagVersion } from "../carry/tags/tag-version.ts";
import type { Digest } from "../oci/digest.ts";
import { compileGlob } from "../std/glob.ts";
import type { Keep, RetentionRule } from "./retention-rule.ts";
import { because, describeReasons, type Reason } from "./reasons.ts";
import { byDate, datedTag, includesDate, tagDate, type TagDate } from "./tag-date.ts";
import type { TagFacts } from "./tag-facts.ts";

/** What happens to a tag, and why. */
export interface Verdict {
  readonly tag: string;
  readonly digest: Digest;
  readonly verdict: "keep" | "delete";
  readonly reason: string;
}

export type ExplainedVerdict = Verdict & { readonly why: readonly Reason[] };

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
  return explainRetention(repository, tags, options).map(({ why: _why, ...verdict }) => verdict);
}

/** The same, with the reasons by their codes. */
export function explainRetention(repository: string, tags: readonly TagFacts[], options: PlanOptions): readonly ExplainedVerdict[] {
  const rules = options.rules.filter(({ covers }) => covers(repository));
  const reasons = new Map<string, Reason[]>();
  const spoken = new Map<string, string[]>();
  const own = tags.filter(({ tag }) => subjectOf(tag) === undefined);
  for (const { rule, name } of rules) {
    const selects = matcher(rule.tags ?? ["*"]);
    const chosen = own.filter(({ tag }) => selects(tag));
    const kept = keptBy(rule.keep, chosen, options.now);
    for (const { tag } of chosen) {
      append(spoken, tag, name);
      const reason = kept.get(tag);
      if (reason !== undefined) append(reasons, tag, { ...reason, rule: name });
    }
  }

  const verdicts = new Map<string, ExplainedVerdict>();
  const judge = ({ tag, digest }: TagFacts, verdict: Verdict["verdict"], ...why: readonly Reason[]): void => void verdicts.set(tag, { tag, digest, verdict, reason: describeReasons(why), why });
  for (const facts of own) {
    const { tag } = facts;
    const kept = reasons.get(tag);
    if (!spoken.has(tag)) judge(facts, "keep", because("unspoken"));
    else if (kept) judge(facts, "keep", ...kept);
    else if (options.immutable(repository, tag)) judge(facts, "keep", because("immutable"));
    else if (facts.partOf !== undefined) judge(facts, "keep", because("part", { image: facts.partOf }));
    else judge(facts, "delete", because("unkept", { rules: spoken.get(tag)!.join(", ") }));
  }

  // Deleting another name of an image that stays frees nothing, and breaks who pulls by that name.
  const staying = new Map(own.filter(({ tag }) => verdicts.get(tag)!.verdict === "keep").map(({ tag, digest }) => [digest, tag]));
  for (const facts of own) {
    const kept = staying.get(facts.digest);
    if (kept !== undefined && verdicts.get(facts.tag)!.verdict === "delete") judge(facts, "keep", because("sameImage", { tag: kept }));
  }
  const going = new Set(own.filter(({ digest }) => !staying.has(digest)).map(({ digest }) => digest));
  for (const facts of tags) {
    const subject = subjectOf(facts.tag);
    if (subject === undefined) continue;
    if (going.has(subject)) judge(facts, "delete", because("belongsGoing", { image: subject }));
    else judge(facts, "keep", because(staying.has(subject) ? "belongsStaying" : "belongsUntagged", { image: subject }));
  }
  return tags.map(({ tag }) => verdicts.get(tag)!).sort((a, b) => (a.tag < b.tag ? -1 : 1));
}

/** Reasons by tag, for those that stay. */
function keptBy(keep: Keep, tags: readonly TagFacts[], now: number): ReadonlyMap<string, Reason> {
  const kept = new Map<string, Reason>();
  const add = (tag: string, reason: Reason): void => void (kept.has(tag) || kept.set(tag, reason));
  if (keep.tags) {
    const matches = matcher(keep.tags);
    for (const { tag } of tags) if (matches(tag)) add(tag, because("byName"));
  }
  if (keep.last !== undefined) {
    const newest = [...new Set([...tags].sort((a, b) => b.pushedAt - a.pushedAt || (a.tag < b.tag ? -1 : 1)).map(({ digest }) => digest))].slice(0, keep.last);
    for (const { tag, digest } of tags) if (newest.includes(digest)) add(tag, because("lastPushed", { count: keep.last }));
  }
  if (keep.versions !== undefined) {
    for (const [tag, reason] of versionsKept(tags.filter(({ tag }) => !tagDate(tag)), keep.versions)) add(tag, reason);
    for (const [tag, reason] of datesKept(tags, keep.versions)) add(tag, reason);
  }
  for (const { tag, pushedAt, pulledAt, signed } of tags) {
    if (keep.allVersions) {
      if (tagDate(tag)) add(tag, because("date"));
      else if (readVersion(tag)) add(tag, because("version"));
      else if (LIKE_VERSION.test(tag)) add(tag, because("unreadable"));
    }
    if (keep.pushedWithin !== undefined && now - pushedAt <= keep.pushedWithin) add(tag, because("pushedAgo", { age: age(now - pushedAt) }));
    if (keep.pulledWithin !== undefined && pulledAt !== undefined && now - pulledAt <= keep.pulledWithin) add(tag, because("pulledAgo", { age: age(now - pulledAt) }));
    if (keep.signed && signed) add(tag, because("referred"));
  }
  return kept;
}

const WHOLE = /^v?\d+\.\d+\.\d+$/;
/** How versions begin, and releases are written, from the most exact form on: 1.2.3, 2024.10, v7. A number without anything may be that of a build, and is nothing beside others. */
const FORMS = [/^v?\d+\.\d+\.\d+/, /^v?\d+\.\d+/, /^v\d+/, /^\d+/];
/** `1.2`, `1`, and of a variant `1.2-alpine`. */
const PARTIAL = /^v?\d+(?<minor>\.\d+)?(?:-[A-Za-z][0-9A-Za-z._-]*)?$/;
/** Numbers of builds (20241127.1.0) are not ordered among versions, but nobody wants them to be lost for that. */
const LIKE_VERSION = /^v?\d+\.\d/i;

/** As far as the tag means the version that it is read as: a number too long for a patch is taken for something behind it. */
function readVersion(tag: string): semver.SemVer | undefined {
  const version = tagVersion(tag);
  return WHOLE.test(tag) && version?.prerelease.length !== 0 ? undefined : version;
}

function* versionsKept(tags: readonly TagFacts[], count: number): Iterable<[tag: string, reason: Reason]> {
  // A repository with prereleases alone (1.0.0-rc1) has no release yet, whatever else in it looks like a shorter version.
  const form = FORMS.find((each) => tags.some(({ tag }) => each.test(tag) && readVersion(tag)));
  const whole = form ? new RegExp(`${form.source}$`) : WHOLE;
  const releases = tags.filter(({ tag }) => whole.test(tag)).map(({ tag }) => readVersion(tag)).filter((version) => version !== undefined).sort(semver.rcompare);
  const highest = [...new Map(releases.map((version) => [version.version, version])).values()].slice(0, count);
  const oldest = highest.at(-1);
  for (const { tag } of tags) {
    const version = readVersion(tag);
    const partial = PARTIAL.exec(tag);
    if (version === undefined) {
      if (LIKE_VERSION.test(tag)) yield [tag, because("unreadable")];
      continue;
    }
    if (whole.test(tag)) {
      if (highest.some((each) => each.version === version.version)) yield [tag, because("highest", { count })];
      continue;
    }
    const leads = partial && highest.find((each) => each.major === version.major && (partial.groups!["minor"] === undefined || each.minor === version.minor));
    if (leads) {
      yield [tag, because("leads", { version: leads.version })];
    } else if (oldest === undefined || new semver.SemVer(`${version.major}.${version.minor}.${version.patch}`).compare(oldest) >= 0) {
      yield [tag, oldest === undefined ? because("noRelease") : because("notOlder", { version: oldest.version })];
    }
  }
}

/**
 * Where tags are dates, these are the versions. Beside others they are a series of their own, since neither says which of the other it is newer than: a repository that has just got
 * its first 1.0.0 keeps what runs everywhere. What is built several times a day counts each time; the names of the day and the month lead there. What has something behind its date
 * may be a release or a prerelease, the build of a branch or a variant, and nobody can tell: it counts, but takes none away that has nothing.
 */
function* datesKept(tags: readonly TagFacts[], count: number): Iterable<[tag: string, reason: Reason]> {
  const dated = tags.flatMap(({ tag }) => {
    const found = datedTag(tag);
    return found ? [{ tag, ...found }] : [];
  }).sort((a, b) => byDate(b.date, a.date) || (a.tag < b.tag ? -1 : 1));
  yield* newestDates(dated, count);
  yield* newestDates(dated.filter(({ plain }) => plain), count);
}

/** @param dated the newest first */
function* newestDates(dated: readonly { readonly tag: string; readonly date: TagDate }[], count: number): Iterable<[tag: string, reason: Reason]> {
  const newest: { readonly tag: string; readonly date: TagDate }[] = [];
  for (const each of dated) {
    const last = newest.at(-1);
    if (last && byDate(last.date, each.date) === 0) yield [each.tag, because("newestDates", { count })];
    else {
      const inside = newest.find(({ date }) => includesDate(each.date, date));
      if (inside) {
        yield [each.tag, because("leads", { version: inside.tag })];
      } else if (newest.length < count) {
        newest.push(each);
        yield [each.tag, because("newestDates", { count })];
      }
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

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function age(milliseconds: number): string {
  const hours = milliseconds / 3_600_000;
  const [count, unit] = hours < 1 ? [Math.round(hours * 60), "minute"] : hours < 48 ? [Math.round(hours), "hour"] : [Math.round(hours / 24), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
