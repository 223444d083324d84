import { rmSync } from "node:fs";
import { readContents, type Contents } from "./contents.ts";
import type { Database } from "./database.ts";
import type { Evictions } from "./evict.ts";
import { freeFirst, isDiskShort } from "./free-first.ts";
import { dropImage } from "./image-parts.ts";
import { moveStrayCacheMounts } from "./cache-mounts.ts";
import { moveStrayContainers } from "./recover-containers.ts";
import { finishRemoval, moveAway, type Removed, type RemovalPlace } from "./removal.ts";
import { strayBlobs } from "./stray-blobs.ts";

export interface CollectOptions {
  /** Work that is done first, in the same transaction: on a full disk only both together have room. */
  readonly first?: (() => void) | undefined;
  /** Whether cache records keep their snapshots; without it they go too. True by default. */
  readonly keepCache?: boolean | undefined;
  /** Chooses what goes although it is needed. It is called in the transaction in which that goes. */
  readonly evict?: ((contents: Contents) => Evictions) | undefined;
}

/**
 * Takes away what nothing needs. Needed are, starting from images, their mounts, containers, cache records and the leases of living processes:
 * an image's config, manifest and layers in every codec, and the snapshots of its chain ids; a cache record's and a container's snapshot;
 * a snapshot's parent, and the blobs that hold a needed snapshot's layer. Whole images among files that the database does not know have
 * to be taken up before (stray-images.ts).
 */
export function collect(place: RemovalPlace, options: CollectOptions = {}): Removed {
  const { database, lease } = place;
  const stray: string[] = [];
  const short = isDiskShort(place);
  // What a transaction has changed stays in memory until its end, when there is room for it.
  if (short) database.exec("PRAGMA cache_spill = OFF");
  database.transaction(() => {
    options.first?.();
    if (options.keepCache === false) {
      database.exec("DELETE FROM cache_record");
      database.run("UPDATE cache_mount SET state = 2, owner = ? WHERE state = 1 AND id NOT IN (SELECT mount FROM cache_mount_use)", lease.id);
    }
    if (options.evict) evict(place, options.evict(readContents(database)));
    forgetRemovedImages(database);
    database.exec("CREATE TEMP TABLE IF NOT EXISTS needed_snapshot (id INTEGER PRIMARY KEY)");
    database.run("DELETE FROM needed_snapshot");
    database.run(NEEDED_SNAPSHOTS);
    database.run("UPDATE snapshot SET state = 2, owner = ? WHERE state = 1 AND id NOT IN (SELECT id FROM needed_snapshot)", lease.id);
    database.run(`UPDATE blob SET state = 2, owner = ? WHERE state = 1 AND digest NOT IN (${NEEDED_BLOBS})`, lease.id);
    database.run("DELETE FROM cache_record WHERE snapshot IS NOT NULL AND snapshot NOT IN (SELECT id FROM needed_snapshot)");
    database.run("DELETE FROM cache_alias WHERE key NOT IN (SELECT key FROM cache_record)");
    database.run(`DELETE FROM layer_blob WHERE digest NOT IN (SELECT digest FROM blob WHERE state = 1) AND digest NOT IN (SELECT digest FROM image_blob)
      AND diff_id NOT IN (SELECT diff_id FROM image_layer)`);
    database.run("DELETE FROM blob_place WHERE digest NOT IN (SELECT digest FROM blob WHERE state = 1) AND digest NOT IN (SELECT digest FROM image_blob)");
    for (const { path } of strayBlobs(place)) {
      if (short) rmSync(path, { recursive: true, force: true });
      else moveAway(path, lease.temporaryPath("removed"), stray);
    }
    moveStrayContainers(place, stray);
    moveStrayCacheMounts(place, stray);
    if (short) freeFirst(place);
  });
  const removed = finishRemoval(place);
  return { ...removed, trash: [...stray, ...removed.trash] };
}

const NEEDED_SNAPSHOTS = `
  WITH RECURSIVE needed (id) AS (
    SELECT id FROM snapshot WHERE state = 0
    UNION SELECT CAST(object AS INTEGER) FROM lease_item WHERE kind = 'snapshot'
    UNION SELECT snapshot.id FROM snapshot JOIN image_layer USING (chain_id) WHERE state = 1
    UNION SELECT snapshot FROM cache_record WHERE snapshot IS NOT NULL
    UNION SELECT snapshot FROM container WHERE snapshot IS NOT NULL
    UNION SELECT snapshot FROM image_mount WHERE snapshot IS NOT NULL
    UNION SELECT parent FROM snapshot JOIN needed USING (id) WHERE parent IS NOT NULL
  ) INSERT INTO needed_snapshot SELECT id FROM needed`;

const NEEDED_BLOBS = `
  SELECT object FROM lease_item WHERE kind = 'blob'
  UNION SELECT digest FROM image_blob
  UNION SELECT digest FROM layer_blob JOIN image_layer USING (diff_id)
  UNION SELECT digest FROM layer_blob JOIN snapshot USING (diff_id) WHERE snapshot.id IN (SELECT id FROM needed_snapshot)`;

function evict({ database, lease }: RemovalPlace, { records, images, blobs, mounts = [] }: Evictions): void {
  for (const number of mounts) database.run("UPDATE cache_mount SET state = 2, owner = ? WHERE id = ? AND state = 1", lease.id, number);
  for (const key of records) database.run("DELETE FROM cache_record WHERE key = ?", key);
  for (const digest of blobs) database.run("DELETE FROM layer_blob WHERE digest = ?", digest);
  for (const id of images) dropImage(database, id);
}

/** The rows of images that were removed and that no process uses any more, neither them nor an index with them. */
function forgetRemovedImages(database: Database): void {
  database.run(`DELETE FROM image WHERE state = 2 AND id NOT IN (SELECT object FROM lease_item WHERE kind = 'image')
    AND id NOT IN (SELECT image FROM image_part WHERE image IS NOT NULL AND index_id IN (SELECT object FROM lease_item WHERE kind = 'image'))`);
  for (const table of ["image_blob", "image_layer", "image_name", "image_repo_digest"]) {
    database.run(`DELETE FROM ${table} WHERE image NOT IN (SELECT id FROM image)`);
  }
  database.run("DELETE FROM image_part WHERE index_id NOT IN (SELECT id FROM image)");
}
