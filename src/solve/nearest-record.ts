import { differing, fileDifferences } from "./explain.ts";
import type { CacheRecord, ContentRow } from "./ports.ts";

/** What a step does; one that does something else is another step. */
const WORK = ["kind", "command", "sources", "destination", "path"] as const;
/** Of so many runs that are alike otherwise the files are compared: each list is unpacked for it. */
const MOST_LISTS = 8;

interface Candidate {
  readonly record: CacheRecord;
  /** Whether it did something else. */
  readonly other: boolean;
  /** Components that are not the same, but for the base. */
  readonly changes: number;
  readonly rebased: boolean;
}

/**
 * The earlier run that a step has most in common with, to compare a miss with: what differs from that one is the least that made
 * it miss. The last run at its place counts whatever it did; those at other places, from where a line more or less has moved it, only if
 * they did the same.
 * @param records the last ones first
 */
export function nearestRecord(slot: string, components: Readonly<Record<string, string>>, files: readonly ContentRow[], records: readonly CacheRecord[]): CacheRecord | undefined {
  const candidates = records.map((record): Candidate => {
    const names = differing(components, record.components);
    return { record, other: WORK.some((name) => names.includes(name)), changes: names.filter((name) => name !== "base").length, rebased: names.includes("base") };
  }).filter(({ record, other }) => !other || record.slot === slot);
  const same = candidates.some(({ other }) => !other);
  const alike = candidates.filter(({ other }) => !other === same);
  const fewest = Math.min(...alike.map(({ changes }) => changes));
  const distances = alike.filter(({ changes }) => changes === fewest).slice(0, MOST_LISTS).map(({ record, rebased }) => ({
    record, distance: [filesApart(components, files, record), Number(rebased), Number(record.slot !== slot)],
  }));
  return distances.reduce<(typeof distances)[number] | undefined>((best, each) => (best === undefined || isLess(each.distance, best.distance) ? each : best), undefined)?.record;
}

function filesApart(components: Readonly<Record<string, string>>, files: readonly ContentRow[], record: CacheRecord): number {
  return record.components["content"] === components["content"] ? 0 : 1 + fileDifferences(record.files ?? [], files, Infinity).length;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && a[at]! < b[at]!;
}
