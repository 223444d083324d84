import { join } from "node:path";
import { inWorker } from "../std/worker-pool.ts";
import { measureSnapshots } from "./measure-snapshots.ts";
import type { RemovalPlace } from "./removal.ts";

export type MeasuredPlace = Pick<RemovalPlace, "database" | "snapshots" | "cacheMounts">;

/**
 * Notes the sizes that nobody has noted: of snapshots, and of caches of RUN that were used since they were measured.
 * @param options.minAge milliseconds in which a cache that has a size is not measured again
 */
export async function measure(place: MeasuredPlace, options: { readonly minAge?: number } = {}): Promise<void> {
  const { database, cacheMounts } = place;
  await measureSnapshots(database, place.snapshots);
  const now = Date.now();
  const rows = database.all<{ id: number }>(
    "SELECT id FROM cache_mount WHERE state = 1 AND (size IS NULL OR (used_at >= measured_at AND measured_at <= ?))", now - (options.minAge ?? 0),
  );
  if (rows.length === 0) return;
  const folders = rows.map(({ id }) => join(cacheMounts, id.toString(36)));
  const sizes = await inWorker<readonly string[], (number | undefined)[]>("store/measure-snapshots.ts", "sizesOf", folders);
  database.transaction(() => rows.forEach(({ id }, index) => {
    database.run("UPDATE cache_mount SET size = ?, measured_at = ? WHERE id = ?", sizes[index] ?? null, now, id);
  }));
}
