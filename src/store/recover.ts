import { readdirSync } from "node:fs";
import { join } from "node:path";
import { recoverCacheMounts } from "./cache-mounts.ts";
import { salvagePartials } from "./partial-blobs.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";
import { finishRemoval, type RemovalPlace } from "./removal.ts";

/**
 * Cleans up after processes that died: their unfinished files and snapshots, and removals they had begun. It looks only
 * at leases and at the folder of temporary files, so a store without such remains opens at once.
 * @param folders.temporary holds one folder per lease; `folders.partial`: where blobs go that were being fetched
 * @returns files and folders that nobody needs, for the caller to delete.
 */
export function recover(place: RemovalPlace, { temporary, partial }: { temporary: string; partial: string }): readonly string[] {
  const { database, lease } = place;
  // Folders before leases: a folder is made after its lease, so one without a lease is nobody's.
  const folders = readdirSync(temporary);
  const leases = database.all<ProcessIdentity & { id: number }>("SELECT id, pid, started, boot, namespace FROM lease");
  const living = new Set(leases.filter((identity) => isAlive(identity)).map(({ id }) => String(id)));
  const dead = leases.map(({ id }) => id).filter((id) => !living.has(String(id)));
  const stray = folders.filter((name) => !living.has(name)).map((name) => join(temporary, name));
  for (const folder of stray) salvagePartials(folder, partial);
  if (dead.length === 0) return stray;
  database.transaction(() => {
    for (const id of dead) {
      // Whoever deletes the row takes over what was the dead process's.
      if (database.run("DELETE FROM lease WHERE id = ?", id).changes === 0) continue;
      database.run("DELETE FROM lease_item WHERE lease = ?", id);
      database.run("UPDATE snapshot SET state = 2, owner = ? WHERE owner = ?", lease.id, id);
      database.run("UPDATE blob SET owner = ? WHERE owner = ?", lease.id, id);
      recoverCacheMounts(place, id);
    }
  });
  return [...stray, ...finishRemoval(place).trash];
}
