import type { Digest } from "../oci/digest.ts";
import type { Contents, MountEntry, RecordEntry } from "./contents.ts";
import { databaseSize } from "./keep-within.ts";
import { readContents } from "./contents.ts";
import type { Database } from "./database.ts";
import { OWNED_LAYERS, STANDING } from "./image-parts.ts";
import { Tally } from "./tally.ts";

/** How much of a kind there is: `active` are used by a process, a mount or a container. */
export interface KindUsage {
  readonly count: number;
  readonly active: number;
  /** Bytes. */
  readonly size: number;
  readonly reclaimable: number;
}

/** Where the room goes that the store takes. */
export interface DiskUsage {
  /** Reclaimable is what goes with all images that nothing uses, named or not, as docker counts it. */
  readonly images: KindUsage;
  /** What only the cache needs. */
  readonly cache: KindUsage;
  /** Every byte once, by the first reason that keeps it. */
  readonly kept: { readonly inUse: number; readonly named: number; readonly dangling: number; readonly cache: number; readonly nothing: number; readonly database: number };
  readonly counts: { readonly named: number; readonly dangling: number };
  /** Bytes of an image's layers that other images have too, by image. */
  readonly shared: ReadonlyMap<Digest, number>;
  /** Caches of RUN. */
  readonly mounts: readonly (MountEntry & { readonly inUse: boolean })[];
  readonly records: readonly (RecordEntry & { readonly size: number; readonly inUse: boolean; readonly shared: boolean })[];
}

export function diskUsage(database: Database): DiskUsage {
  const contents = database.transaction(() => readContents(database));
  const { images, records, inUse } = contents;
  const spare = new Set(contents.spareBlobs.filter((digest) => !inUse.parts.has(digest)));
  const spareBytes = [...spare].reduce((sum, digest) => sum + contents.blobs.get(digest)!.size, 0);
  const fresh = (): Tally => [...spare].reduce((tally, digest) => tally.forget(digest), new Tally(contents));
  const tally = fresh();
  const share = (add: () => void): number => {
    const before = tally.bytes;
    add();
    return tally.bytes - before;
  };
  const used = share(() => {
    tally.add(inUse.parts);
    for (const { id, parts } of images) if (inUse.images.has(id)) tally.add(parts);
  });
  const usedParts = fresh().add(inUse.parts);
  for (const { id, parts } of images) if (inUse.images.has(id)) usedParts.add(parts);
  const named = share(() => images.forEach((image) => image.named && tally.add(image.parts)));
  const dangling = share(() => images.forEach((image) => !image.named && tally.add(image.parts)));
  const ofImages = fresh();
  for (const { parts } of images) ofImages.add(parts);
  const cache = spareBytes + share(() => records.forEach(({ snapshot }) => snapshot !== null && tally.add([snapshot])));
  const mounts = [...contents.mounts].map(([part, mount]) => ({ ...mount, inUse: inUse.parts.has(part) }));
  const mountBytes = share(() => tally.add(contents.mounts.keys()));
  const total = present(contents);
  const active = fresh();
  for (const { id, parts } of images) if (inUse.images.has(id)) active.add(parts);
  const rows = records.map((record) => ({
    ...record,
    size: record.snapshot === null ? 0 : (contents.snapshots.get(record.snapshot)?.size ?? 0),
    inUse: record.snapshot !== null && usedParts.has(record.snapshot),
    shared: record.snapshot !== null && ofImages.has(record.snapshot),
  }));
  return {
    images: { count: images.length, active: images.filter(({ id }) => inUse.images.has(id)).length, size: ofImages.bytes, reclaimable: ofImages.bytes - active.bytes },
    cache: { count: records.length + mounts.length, active: [...rows, ...mounts].filter((row) => row.inUse).length, size: cache + mountBytes, reclaimable: cache + mountBytes },
    kept: { inUse: used, named, dangling, cache: cache + mountBytes, nothing: total - tally.bytes - spareBytes, database: databaseSize(database) },
    counts: { named: images.filter((image) => image.named).length, dangling: images.filter((image) => !image.named).length },
    shared: sharedSizes(database),
    mounts,
    records: rows,
  };
}

function present({ blobs, snapshots, linkedFiles, mounts }: Contents): number {
  let total = 0;
  for (const { size } of blobs.values()) total += size;
  for (const { size, files } of snapshots.values()) if (files === undefined) total += size;
  for (const size of linkedFiles.values()) total += size;
  for (const { size } of mounts.values()) total += size;
  return total;
}

function sharedSizes(database: Database): ReadonlyMap<Digest, number> {
  const rows = database.all<{ image: Digest; size: number }>(`
    WITH owned AS (SELECT owned.* FROM (${OWNED_LAYERS}) AS owned JOIN image ON image.id = owner WHERE ${STANDING})
    SELECT owner AS image, sum(coalesce(
      (SELECT size FROM snapshot WHERE chain_id = owned.chain_id AND state = 1 AND size IS NOT NULL LIMIT 1),
      (SELECT size FROM layer_blob WHERE diff_id = owned.diff_id ORDER BY codec <> 'none', digest LIMIT 1), 0)) AS size
    FROM owned WHERE chain_id IN (SELECT chain_id FROM owned GROUP BY chain_id HAVING count(DISTINCT owner) > 1)
    GROUP BY owner`);
  return new Map(rows.map(({ image, size }) => [image, size]));
}
