import type { Database } from "./database.ts";
import { STANDING } from "./image-parts.ts";
import { SNAPSHOT_BYTES } from "./schema.ts";

/** How many things the store holds and how many bytes they take, as far as they are known. */
export interface StoreUsage {
  readonly images: number;
  readonly blobs: number;
  readonly blobBytes: number;
  readonly snapshots: number;
  /** Bytes of the files of snapshots whose size was recorded. */
  readonly snapshotBytes: number;
  readonly cacheRecords: number;
}

export function usage(database: Database): StoreUsage {
  return database.get<StoreUsage>(`SELECT
    (SELECT count(*) FROM image WHERE ${STANDING}) AS images,
    (SELECT count(*) FROM blob WHERE state = 1) AS blobs,
    (SELECT coalesce(sum(size), 0) FROM blob WHERE state = 1) AS blobBytes,
    (SELECT count(*) FROM snapshot WHERE state = 1) AS snapshots,
    ${SNAPSHOT_BYTES} AS snapshotBytes,
    (SELECT count(*) FROM cache_record) AS cacheRecords`)!;
}
