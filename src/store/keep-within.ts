import { chooseEvictions, chooseRecords, type Evictions } from "./evict.ts";
import type { CollectOptions } from "./collect.ts";
import type { Contents } from "./contents.ts";
import type { Database } from "./database.ts";
import { measure, type MeasuredPlace } from "./measure.ts";
import { SNAPSHOT_BYTES } from "./schema.ts";

/** What the database itself may hold: cache records and their bytes, and the digests of files. */
const LIMITS = { records: 20_000, recordBytes: 256 * 1024 ** 2, digestBytes: 128 * 1024 ** 2 } as const;

/** The files of a cache of RUN are counted again after so many milliseconds: each build may change it, and it may have many. */
const MEASURE_AFTER = 10 * 60_000;

/** Bytes of everything: blobs, caches of RUN, snapshots whose size is known, and the database. */
function storeSize(database: Database): number {
  return database.get<{ size: number }>(`SELECT
    (SELECT coalesce(sum(size), 0) FROM blob WHERE state = 1) + ${SNAPSHOT_BYTES}
    + (SELECT coalesce(sum(size), 0) FROM cache_mount WHERE state = 1) AS size`)!.size + databaseSize(database);
}

export function databaseSize(database: Database): number {
  const pragma = (name: string): number => Object.values(database.get<Record<string, number>>(`PRAGMA ${name}`)!)[0]!;
  return (pragma("page_count") - pragma("freelist_count")) * pragma("page_size");
}

/**
 * Brings the store below its cap, the least recently used first, and the database below limits of its own.
 * @returns what the collection has to forget; undefined where all is well
 */
export async function planWithin(place: MeasuredPlace, maxBytes: number): Promise<CollectOptions["evict"]> {
  const { database } = place;
  if (Number.isFinite(maxBytes)) await measure(place, { minAge: MEASURE_AFTER });
  forgetDigests(database);
  const tooMany = database.get<{ count: number; bytes: number }>(
    "SELECT count(*) AS count, coalesce(sum(octet_length(components) + coalesce(octet_length(files), 0)), 0) AS bytes FROM cache_record")!;
  const manyRecords = tooMany.count > LIMITS.records || tooMany.bytes > LIMITS.recordBytes;
  if (storeSize(database) <= maxBytes && !manyRecords) return undefined;
  return (contents: Contents): Evictions => {
    const records = manyRecords ? chooseRecords(contents, { records: LIMITS.records, bytes: LIMITS.recordBytes }) : [];
    const gone = new Set(records);
    const rest = { ...contents, records: contents.records.filter(({ key }) => !gone.has(key)) };
    const chosen = chooseEvictions(rest, { keep: { of: "store", bytes: maxBytes - databaseSize(database) }, danglingImages: true });
    return { ...chosen, records: [...records, ...chosen.records] };
  };
}

/** The scopes that were used last stay. */
function forgetDigests(database: Database): void {
  const scopes = database.all<{ scope: string; bytes: number }>("SELECT scope, octet_length(entries) AS bytes FROM file_digest_scope ORDER BY used_at DESC");
  let total = 0;
  for (const { scope, bytes } of scopes) {
    total += bytes;
    if (total > LIMITS.digestBytes) database.run("DELETE FROM file_digest_scope WHERE scope = ?", scope);
  }
}
