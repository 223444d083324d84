import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { RemovalPlace } from "../removal.ts";
import type { Finding } from "./problem.ts";

/**
 * Caches of RUN whose folder is gone, or holds not what is shown. What is in them is nobody's but the commands': it has no
 * digest to be compared with.
 */
export function cacheMountFindings(place: RemovalPlace): Finding[] {
  return place.database.transaction(() => damaged(place)).map(({ id, name }): Finding => ({
    what: `the folder of the cache ${name} of RUN is gone: ${folderOf(place, id)}`,
    repair: "it is forgotten, and begins anew when it is next asked for",
    loses: "what was in it, which commands make again",
    fix: () => {
      // Who uses it has it open, and finds out by himself.
      if (!damaged(place).some((row) => row.id === id)) return true;
      if (place.database.get("SELECT 1 FROM cache_mount_use WHERE mount = ?", id) !== undefined) return false;
      // Its folder, where there is one, is taken away like that of any cache that is removed.
      place.database.run("UPDATE cache_mount SET state = 2, owner = ? WHERE id = ?", place.lease.id, id);
      return true;
    },
  }));
}

/** Folders that belong to no cache. To be called in a transaction. */
export function strayCacheMounts({ database, cacheMounts }: RemovalPlace): string[] {
  if (!existsSync(cacheMounts)) return [];
  const known = new Set(database.all<{ id: number }>("SELECT id FROM cache_mount").map(({ id }) => id.toString(36)));
  return readdirSync(cacheMounts).filter((name) => !known.has(name)).map((name) => join(cacheMounts, name));
}

/** To be called in a transaction. */
function damaged(place: RemovalPlace): { id: number; name: string }[] {
  return place.database.all<{ id: number; name: string }>("SELECT id, name FROM cache_mount WHERE state = 1 ORDER BY id")
    .filter(({ id }) => lstatSync(join(folderOf(place, id), "fs"), { throwIfNoEntry: false }) === undefined);
}

function folderOf({ cacheMounts }: RemovalPlace, id: number): string {
  return join(cacheMounts, id.toString(36));
}
