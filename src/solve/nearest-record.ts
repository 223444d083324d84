import { differing, fileDifferences } from "./explain.ts";
import type { CacheRecord, ContentRow } from "./ports.ts";

/** What a step does; one that does something else is another step. */
const WORK = ["kind", "command", "sources", "destination", "path"] as const;

/**
 * The earlier run that a step has most in common with, to compare a miss with: what differs from that one is the least that made
 * it miss. The last run at its place counts whatever it did; those at other places, from where a line more or less has moved it, only if
 * they did the same.
 * @param records the last ones first
 */
export function nearestRecord(slot: string, components: Readonly<Record<string, string>>, files: readonly ContentRow[], records: readonly CacheRecord[]): CacheRecord | undefined {
  let best: { readonly record: CacheRecord; readonly distance: readonly number[] } | undefined;
  for (const record of records) {
    const names = differing(components, record.components);
    const other = WORK.some((name) => names.includes(name));
    if (other && record.slot !== slot) continue;
    const read = record.components["content"] === components["content"] ? 0 : 1 + fileDifferences(record.files ?? [], files).length;
    const distance = [Number(other), names.filter((name) => name !== "base").length, read, Number(names.includes("base")), Number(record.slot !== slot)];
    if (best === undefined || isLess(distance, best.distance)) best = { record, distance };
  }
  return best?.record;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && a[at]! < b[at]!;
}
