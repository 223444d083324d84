import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import { SETTLED_AFTER } from "./blob-store.ts";
import { moveStrayCacheMounts } from "./cache-mounts.ts";
import { bytesOf } from "./measure-snapshots.ts";
import { ownIdentity } from "./process-identity.ts";
import { moveStrayContainers } from "./recover-containers.ts";
import { moveAway, type RemovalPlace } from "./removal.ts";

/**
 * Makes the database and the disk agree again after the machine was down, since a power cut may have come between.
 * Blobs are synced before they get a row, or were looked at already (unsettled-blobs.ts); syncing thousands of files of a snapshot would cost a build more than the rest of
 * its bookkeeping, so snapshots are not. Instead this looks, once per boot, at those that the kernel may not have
 * written: a layer whose files hold fewer bytes than were recorded, or of which nothing was recorded, is given up with
 * what was built upon it; an image gets it back from its blobs. Then rows without files and folders without rows go. Files of blobs without
 * rows are left to the next collection, which looks whether the database has lost an image of them.
 * @returns files and folders that nobody needs, for the caller to delete.
 */
export function checkAfterBoot(place: RemovalPlace): readonly string[] {
  const { database, lease, blobs, snapshots } = place;
  const { boot } = ownIdentity();
  const bootOf = (): string | undefined => database.get<{ value: string }>("SELECT value FROM meta WHERE key = 'boot'")?.value;
  if (bootOf() === boot) {
    settle(place);
    return [];
  }
  const trash: string[] = [];
  const isIntact = (row: SnapshotRow): boolean => {
    const folder = join(snapshots, row.id.toString(36), "fs");
    if (!isFolder(folder)) return false;
    return row.settled === 1 || row.size !== null && bytesOf(folder) >= row.size;
  };
  const rows = database.all<SnapshotRow>("SELECT id, size, settled FROM snapshot WHERE state = 1");
  const lost = rows.filter((row) => !isIntact(row)).map(({ id }) => id);
  database.transaction(() => {
    if (bootOf() === boot) return;
    for (const id of lost) database.run(FORGET_SNAPSHOT, id);
    database.run("DELETE FROM cache_record WHERE snapshot IS NOT NULL AND snapshot NOT IN (SELECT id FROM snapshot)");
    for (const { digest, size } of database.all<{ digest: Digest; size: number }>("SELECT digest, size FROM blob WHERE state = 1")) {
      if (sizeOf(blobs.path(digest)) !== size) database.run("DELETE FROM blob WHERE digest = ?", digest);
    }
    moveStrayContainers(place, trash);
    moveStrayCacheMounts(place, trash);
    const known = new Set(database.all<{ id: number }>("SELECT id FROM snapshot").map(({ id }) => id.toString(36)));
    for (const name of readdirSync(snapshots)) {
      if (!known.has(name)) moveAway(join(snapshots, name), lease.temporaryPath("removed"), trash);
    }
    database.run("UPDATE snapshot SET settled = 1 WHERE state = 1");
    database.run("DELETE FROM image_mount WHERE boot <> ?", boot);
    database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('boot', ?)", boot);
  });
  return trash;
}

interface SnapshotRow {
  readonly id: number;
  readonly size: number | null;
  readonly settled: number;
}

const FORGET_SNAPSHOT = `
  WITH RECURSIVE lost (id) AS (SELECT ? UNION SELECT snapshot.id FROM snapshot JOIN lost ON snapshot.parent = lost.id)
  DELETE FROM snapshot WHERE id IN (SELECT id FROM lost)`;

/** Notes which snapshots of this boot have reached the disk by now. */
function settle({ database }: RemovalPlace): void {
  const before = Date.now() - SETTLED_AFTER;
  if (database.get("SELECT 1 FROM snapshot WHERE settled = 0 AND state = 1 AND used_at < ? LIMIT 1", before) === undefined) return;
  database.run("UPDATE snapshot SET settled = 1 WHERE settled = 0 AND state = 1 AND used_at < ?", before);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
