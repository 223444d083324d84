import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../oci/digest.ts";
import { planRetention } from "./plan-retention.ts";
import { presetKeep, type Keep, type RetentionRule } from "./retention-rule.ts";
import type { TagFacts } from "./tag-facts.ts";

const DAY = 86_400_000;
const NOW = 1000 * DAY;
const digestOf = (number: number): Digest => `sha256:${number.toString(16).padStart(64, "0")}`;
const tagsOf = (...names: string[]): TagFacts[] => names.map((tag, index) => ({ tag, digest: digestOf(index), pushedAt: NOW - (names.length - index) * DAY, signed: false }));

function kept(tags: readonly TagFacts[], ...rules: (Keep | RetentionRule)[]): string[] {
  return verdicts(tags, ...rules).filter(({ verdict }) => verdict === "keep").map(({ tag }) => tag);
}

function verdicts(tags: readonly TagFacts[], ...rules: (Keep | RetentionRule)[]) {
  return planRetention("team/app", tags, {
    rules: rules.map((rule, index) => ({ rule: "keep" in rule ? rule : { repositories: ["**"], keep: rule }, name: `rule ${index + 1}`, covers: () => true })),
    immutable: (_repository, tag) => tag === "frozen",
    now: NOW,
  });
}

test("the last three versions and latest: by version, not by time and not by name", () => {
  const tags = tagsOf("1.10.0", "latest", "1.9.0", "1.2.0", "1.11.0", "1.1.0", "edge");
  assert.deepEqual(kept(tags, presetKeep("last-3-versions")!), ["1.10.0", "1.11.0", "1.9.0", "latest"]);
  assert.deepEqual(verdicts(tags, presetKeep("last-3-versions")!).find(({ tag }) => tag === "1.2.0"), { tag: "1.2.0", digest: digestOf(3), verdict: "delete", reason: "nothing in rule 1 keeps it" });
});

test("tags that lead to a kept version stay, and so do variants that are not older", () => {
  const tags = tagsOf("v2.0.0", "1.9.1", "1.9.0", "1.8.0", "2", "1", "1.9", "1.8", "0", "1.9.1-alpine", "1.7.0-alpine", "2.1.0-rc.1");
  assert.deepEqual(kept(tags, { versions: 2 }), ["1", "1.9", "1.9.1", "1.9.1-alpine", "2", "2.1.0-rc.1", "v2.0.0"]);
});

test("names that float along with a kept version stay: of variants, and whatever names the same image", () => {
  const [old, variant, ...rest] = tagsOf("1.0.0-alpine", "1.2.0-alpine", "1.0.0", "1.2.0");
  const floating = ["1.2-alpine", "1-alpine", "alpine"].map((tag) => ({ ...variant!, tag }));
  const stale = { ...old!, tag: "1.0-alpine" };
  const plan = verdicts([old!, stale, variant!, ...rest, ...floating], { versions: 1 });
  assert.deepEqual(Object.fromEntries(plan.filter(({ verdict }) => verdict === "keep").map(({ tag, reason }) => [tag, reason])), {
    "1-alpine": "it leads to 1.2.0 (rule 1)", "1.2-alpine": "it leads to 1.2.0 (rule 1)", "1.2.0": "among the 1 highest versions (rule 1)",
    "1.2.0-alpine": "not older than 1.2.0 (rule 1)", alpine: "it names the same image as 1-alpine",
  });
  assert.deepEqual(kept([{ ...old!, tag: "1.2-alpine" }, ...rest], { versions: 1 }), ["1.2-alpine", "1.2.0"], "by its name alone");
});

test("versions of two numbers, or of one, are whole where nobody writes three", () => {
  assert.deepEqual(kept(tagsOf("2024.01", "2024.10", "2024.02", "2024.02-rc1", "2024.10-alpine", "2024", "latest"), { versions: 2 }), ["2024", "2024.02", "2024.02-rc1", "2024.10", "2024.10-alpine"]);
  assert.deepEqual(kept(tagsOf("v9", "v10", "v1", "v10-debian", "edge"), { versions: 2 }), ["v10", "v10-debian", "v9"]);
  assert.deepEqual(kept(tagsOf("3.19", "3.20", "3.20.1"), { versions: 1 }), ["3.20", "3.20.1"]);
  assert.deepEqual(kept(tagsOf("1.0.0-rc1", "1.0.0-rc2"), { versions: 1 }), ["1.0.0-rc1", "1.0.0-rc2"], "there is no release yet");
  assert.deepEqual(kept(tagsOf("1.0.0-rc1", "1.0.0-rc2", "56", "57", "58"), { versions: 1 }), ["1.0.0-rc1", "1.0.0-rc2", "56", "57", "58"], "numbers of builds are none either");
  assert.deepEqual(kept(tagsOf("v2024-rc1", "1.2-rc1", "v7"), { versions: 1 }), ["1.2-rc1", "v2024-rc1", "v7"]);
  assert.deepEqual(kept(tagsOf("v7", "v8", "v9", "56", "5", "202410"), { versions: 2 }), ["202410", "56", "v8", "v9"], "a higher number of a build or a month takes no release away");
});

test("a number that looks like a version and is none stays, and the others are compared without it", () => {
  const tags = tagsOf("1.0.0", "20241127.1.0", "1.0.20241127103000", "V1.2.4", "1.1.0");
  for (const keep of [{ versions: 1 }, { allVersions: true }]) {
    const plan = verdicts(tags, keep);
    for (const tag of ["20241127.1.0", "1.0.20241127103000", "V1.2.4"]) assert.equal(plan.find((each) => each.tag === tag)?.reason, "it looks like a version, and cannot be compared as one (rule 1)");
  }
  assert.equal(verdicts(tags, { versions: 1 }).find(({ tag }) => tag === "1.0.0")?.verdict, "delete");
});

test("latest and versions: everything that is none goes", () => {
  assert.deepEqual(kept(tagsOf("latest", "1.0.0", "1", "v3.1", "main", "pr-17", "20240101"), presetKeep("latest-and-versions")!), ["1", "1.0.0", "20240101", "latest", "v3.1"]);
});

test("where tags are dates the newest stay, by their names and not by the time of their push", () => {
  const last3 = presetKeep("last-3-versions")!;
  assert.deepEqual(kept(tagsOf("20240301", "20240101", "20240115", "20231231", "20240302", "latest"), last3), ["20240115", "20240301", "20240302", "latest"]);
  assert.deepEqual(kept(tagsOf("2024-03-01", "2024-01-15", "2024-01-16", "2023-12-31"), { versions: 2 }), ["2024-01-16", "2024-03-01"]);
  assert.deepEqual(kept(tagsOf("20240101-aaaaaaa", "20240101-alpine", "20240102-1234567", "20240103", "20240103-debian"), { versions: 2 }), ["20240102-1234567", "20240103", "20240103-debian"]);
  assert.deepEqual(kept(tagsOf("20240102.1", "20240102.2", "20240102.10", "20240102", "2024-01", "20240101.7", "20240101", "2023-12"), { versions: 2 }), ["2024-01", "20240102", "20240102.10", "20240102.2"], "the day and the month lead to its builds");
  assert.deepEqual(kept(tagsOf("2024-01", "2024-02", "2024-03"), { versions: 1 }), ["2024-03"]);
  assert.deepEqual(kept(tagsOf("2024-06-01", "2024-06-02", "2024-07"), { versions: 1 }), ["2024-07"], "months that came after the days are newer");
  assert.deepEqual(kept(tagsOf("20240101", "20240102", "20240103"), presetKeep("latest-and-versions")!), ["20240101", "20240102", "20240103"]);
});

test("prereleases and builds of branches take no date away that has nothing behind it, however many they are", () => {
  const branches = ["20240302-feature-x", "20240303-rc1", "20240304-1a2b3c4"];
  assert.deepEqual(kept(tagsOf("20240101", "20240201", "20240301", ...branches), { versions: 2 }), ["20240201", "20240301", "20240303-rc1", "20240304-1a2b3c4"]);
  assert.deepEqual(kept(tagsOf("2024-02", "20240201", "20240201T0930Z", ...branches), { versions: 1 }), ["2024-02", "20240201", "20240201T0930Z", "20240304-1a2b3c4"]);
});

test("dates and versions beside each other are two series: the first release takes no date away, and no date a release", () => {
  const tags = tagsOf("20240101", "20240102", "20240103", "1.0.0", "1.1.0", "20250101", "1.0.0-rc1", "56");
  const plan = verdicts(tags, { versions: 2 });
  assert.deepEqual(Object.fromEntries(plan.filter(({ verdict }) => verdict === "keep").map(({ tag, reason }) => [tag, reason])), {
    "1.0.0": "among the 2 highest versions (rule 1)", "1.1.0": "among the 2 highest versions (rule 1)", "1.0.0-rc1": "not older than 1.0.0 (rule 1)", "56": "not older than 1.0.0 (rule 1)",
    "20240103": "among the 2 newest dates (rule 1)", "20250101": "among the 2 newest dates (rule 1)",
  });
  assert.deepEqual(kept(tagsOf("1.0.0-rc1", "20240101", "20240102"), { versions: 1 }), ["1.0.0-rc1", "20240102"]);
});

test("the last pushed: tags of one image count once", () => {
  const [a, b, c] = tagsOf("a", "b", "c");
  assert.deepEqual(kept([a!, b!, c!, { ...c!, tag: "c2" }], { last: 2 }), ["b", "c", "c2"]);
});

test("what is pushed or pulled within a time, signed, immutable or a part of an index stays, with the reason", () => {
  const [old] = tagsOf("old");
  const tags: TagFacts[] = [
    { ...old!, tag: "old", pushedAt: NOW - 100 * DAY }, { ...old!, tag: "young", pushedAt: NOW - 2 * DAY, digest: digestOf(2) },
    { ...old!, tag: "pulled", pushedAt: NOW - 100 * DAY, pulledAt: NOW - 3_600_000, digest: digestOf(3) },
    { ...old!, tag: "signed", pushedAt: NOW - 100 * DAY, signed: true, digest: digestOf(4) },
    { ...old!, tag: "frozen", pushedAt: NOW - 100 * DAY, digest: digestOf(5) }, { ...old!, tag: "part", pushedAt: NOW - 100 * DAY, partOf: "multi", digest: digestOf(6) },
  ];
  assert.deepEqual(Object.fromEntries(verdicts(tags, { pushedWithin: 7 * DAY, pulledWithin: DAY, signed: true }).map(({ tag, verdict, reason }) => [tag, `${verdict}: ${reason}`])), {
    old: "delete: nothing in rule 1 keeps it",
    young: "keep: pushed 2 days ago (rule 1)",
    pulled: "keep: pulled 1 hour ago (rule 1)",
    signed: "keep: something refers to it (rule 1)",
    frozen: "keep: it is immutable",
    part: "keep: it is a part of multi",
  });
});

test("a rule that speaks of some tags leaves the others alone, and any rule that keeps is enough", () => {
  const tags = tagsOf("pr-1", "pr-2", "main");
  assert.deepEqual(kept(tags, { repositories: ["**"], tags: ["pr-*"], keep: { last: 1 } }), ["main", "pr-2"]);
  assert.deepEqual(kept(tags, { repositories: ["**"], tags: ["pr-*"], keep: { last: 1 } }, { tags: ["pr-1"] }), ["pr-1", "pr-2"]);
  assert.deepEqual(kept(tags), ["main", "pr-1", "pr-2"]);
});

test("signatures go with their image and stay with it", () => {
  const [one, two] = tagsOf("1.0.0", "2.0.0");
  const belonging = (to: TagFacts, suffix: string): TagFacts => ({ ...to, tag: `${to.digest.replace(":", "-")}${suffix}`, digest: digestOf(90 + suffix.length) });
  const tags = [one!, two!, belonging(one!, ".sig"), belonging(two!, ".sig"), belonging(two!, ""), { ...belonging(two!, ".att"), tag: `sha256-${"f".repeat(64)}.att` }];
  assert.deepEqual(
    verdicts(tags, { versions: 1 }).filter(({ verdict }) => verdict === "delete").map(({ tag }) => tag),
    ["1.0.0", `${one!.digest.replace(":", "-")}.sig`],
  );
});

test("any tags: each has one verdict, more rules keep no less, and the same again deletes nothing", () => {
  const tagName = fc.oneof(fc.stringMatching(/^v?[0-3](\.[0-3]){0,2}(-rc\.1|-alpine)?$/), fc.stringMatching(/^2024-?0[12](-?0[12])?(\.[12]|-alpine)?$/), fc.constantFrom("latest", "main", "pr-1", `sha256-${"0".repeat(63)}1.sig`));
  const facts = fc.uniqueArray(fc.record({ tag: tagName, digest: fc.integer({ min: 0, max: 3 }).map(digestOf), pushedAt: fc.integer({ min: NOW - 10 * DAY, max: NOW }), signed: fc.boolean() }), { selector: ({ tag }) => tag });
  const some = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
  const keep = fc.record({ last: some, versions: some, pushedWithin: fc.option(fc.constant(3 * DAY), { nil: undefined }), signed: fc.boolean() });
  fc.assert(fc.property(facts, keep, keep, (tags, first, second) => {
    const plan = verdicts(tags, first);
    assert.deepEqual(plan.map(({ tag }) => tag), tags.map(({ tag }) => tag).sort());
    const one = new Set(kept(tags, first));
    assert.ok([...one].every((tag) => tag.startsWith("sha256-") || kept(tags, first, second).includes(tag)), "a second rule takes nothing away");
    const left = tags.filter(({ tag }) => one.has(tag));
    assert.deepEqual(kept(left, first), left.map(({ tag }) => tag).sort(), "a plan that was done leaves nothing to do");
  }));
});
