import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256, type Digest } from "../../oci/digest.ts";
import { inWorker } from "../../std/worker-pool.ts";
import type { RemovalPlace } from "../removal.ts";
import type { Finding } from "./problem.ts";
import { lowersOf, verifySnapshot, type VerifyOptions } from "./verify-snapshot.ts";
import type { walkSnapshots } from "./walk-snapshot.ts";

interface SnapshotRow {
  readonly id: number;
  readonly parent: number | null;
  readonly chain_id: Digest | null;
  readonly diff_id: Digest | null;
  readonly size: number | null;
  /** When it was committed, in milliseconds. */
  readonly used_at: number;
  readonly linked: number;
}

export interface CheckSnapshotsOptions extends VerifyOptions {
  /** Whether the content of all of them is compared, not only of those that the kernel saw touched since they were made. */
  readonly deep: boolean;
}

/**
 * Looks at every layer folder: whether it and its parents are there, with as many bytes as were recorded, and, where something in it was
 * touched after it was made, with the content of its layer. A file that another layer got as a hard link was touched too.
 * @returns what is wrong, by snapshot
 */
export async function checkSnapshots(place: RemovalPlace, { deep, ...options }: CheckSnapshotsOptions): Promise<Map<number, Finding>> {
  const { database, snapshots } = place;
  const rows = new Map(database.all<SnapshotRow>("SELECT id, parent, chain_id, diff_id, size, used_at, linked FROM snapshot WHERE state = 1 ORDER BY id").map((row) => [row.id, row]));
  const folders = [...rows.keys()].map((id) => join(snapshots, id.toString(36), "fs"));
  const walked = await inWorker<Parameters<typeof walkSnapshots>[0], ReturnType<typeof walkSnapshots>>(
    "store/check/walk-snapshot.ts", "walkSnapshots", [...rows.values()].map((row, index) => ({ folder: folders[index]!, since: row.used_at })),
    { ...(options.signal ? { signal: options.signal } : {}), short: rows.size < 8 },
  );
  const findings = new Map<number, Finding>();
  const broken = new Set<number>();
  for (const [index, row] of [...rows.values()].entries()) {
    const found = walked[index];
    let problem = problemOf(row, rows, found?.size, folders[index]!);
    // What lies upon a layer that is not as it was cannot be compared with its own.
    if (problem === undefined && found && (deep || found.touched) && !(row.parent !== null && broken.has(row.parent))) {
      const layer = { id: row.id, folder: folders[index]!, diffId: row.diff_id, lowers: row.linked === 1 ? [] : lowersOf(rows, row.id, snapshots) };
      problem = await verifySnapshot(place, layer, found, options);
    }
    if (problem !== undefined || row.parent !== null && broken.has(row.parent)) broken.add(row.id);
    // It may have been removed meanwhile, by another process.
    if (problem === undefined || !isPresent(place, row.id)) continue;
    findings.set(row.id, finding(place, row.id, problem));
  }
  return findings;
}

function problemOf(row: SnapshotRow, rows: ReadonlyMap<number, SnapshotRow>, size: number | undefined, folder: string): string | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return "has no folder";
  if (size === undefined) return "cannot be read";
  if (row.size !== null && size < row.size) return `has ${size} bytes in its files instead of ${row.size}`;
  if (row.parent === null) return row.chain_id !== null && row.diff_id !== null && row.chain_id !== row.diff_id ? "stands for other layers than recorded" : undefined;
  const parent = rows.get(row.parent);
  if (parent === undefined) return "lies upon a layer that is not there";
  if (row.chain_id === null || row.diff_id === null || parent.chain_id === null) return undefined;
  return sha256(`${parent.chain_id} ${row.diff_id}`) === row.chain_id ? undefined : "stands for other layers than recorded";
}

function isPresent({ database }: RemovalPlace, id: number): boolean {
  return database.get("SELECT 1 FROM snapshot WHERE id = ? AND state = 1", id) !== undefined;
}

/** The snapshot and all that lies upon it. */
const UPON = `
  WITH RECURSIVE upon (id) AS (SELECT ? UNION SELECT snapshot.id FROM snapshot JOIN upon ON snapshot.parent = upon.id)`;

function finding(place: RemovalPlace, id: number, problem: string): Finding {
  const { database, lease } = place;
  const count = (sql: string): number => database.get<{ count: number }>(`${UPON} ${sql}`, id)!.count;
  const above = count("SELECT count(*) - 1 AS count FROM upon");
  const records = count("SELECT count(*) AS count FROM cache_record WHERE snapshot IN (SELECT id FROM upon)");
  const containers = database.all<{ name: string }>(`${UPON} SELECT name FROM container WHERE snapshot IN (SELECT id FROM upon)`, id).map(({ name }) => name);
  const isUsed = (): boolean => count(`SELECT (SELECT count(*) FROM lease_item WHERE kind = 'snapshot' AND CAST(object AS INTEGER) IN (SELECT id FROM upon))
    + (SELECT count(*) FROM image_mount WHERE snapshot IN (SELECT id FROM upon)) AS count`) > 0;
  const what = `layer folder ${id.toString(36)} ${problem}`;
  if (isUsed()) return { what, loses: "a running process or a mount uses it, so it is left alone: check again when that has ended" };
  return {
    what,
    repair: `it is deleted${above > 0 ? `, and ${several(above, "layer folder")} upon it` : ""}`,
    loses: [
      "unpacked layers of images, which are unpacked again when they are needed",
      ...(records > 0 ? [`${several(records, "step")} in the cache, which run again`] : []),
      ...(containers.length > 0 ? [`the base of the containers ${containers.join(", ")}, which cannot start any more`] : []),
    ].join("; "),
    fix: () => {
      if (!isPresent(place, id)) return true;
      if (isUsed()) return false;
      database.run(`${UPON} DELETE FROM cache_record WHERE snapshot IN (SELECT id FROM upon)`, id);
      database.run(`${UPON} UPDATE snapshot SET state = 2, owner = ? WHERE state = 1 AND id IN (SELECT id FROM upon)`, id, lease.id);
      return true;
    },
  };
}

function several(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Folders of layers that belong to no snapshot. To be called in a transaction. */
export function straySnapshots({ database, snapshots }: RemovalPlace): string[] {
  const known = new Set(database.all<{ id: number }>("SELECT id FROM snapshot").map(({ id }) => id.toString(36)));
  return readdirSync(snapshots).filter((name) => !known.has(name)).map((name) => join(snapshots, name));
}
