import { rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import type { RemovalPlace } from "./removal.ts";
import { removeNow } from "./remove-tree.ts";

/** With less than that on the disk, the database cannot even note what is removed. */
const SHORT = 128 * 1024;
/** What it needs at most for one removal; less than a quarter of it is not worth the risk of a transaction that fails. */
const ENOUGH = 1024 * 1024;

/** Whether the disk of the store is so full that a transaction will fail. */
export function isDiskShort({ database }: RemovalPlace): boolean {
  const { bavail, bsize } = statfsSync(dirname(database.path));
  return bavail * bsize < SHORT;
}

/**
 * Makes room on a full disk for the transaction that it is called in, by deleting something of what that marks for removal before it is noted. If the
 * process were killed right then, there would be rows without files: of blobs that nothing needs first, of layer folders only where those are too few.
 */
export function freeFirst({ database, lease, blobs, snapshots }: RemovalPlace): void {
  const packed = database.all<{ digest: Digest; size: number }>("SELECT digest, size FROM blob WHERE state = 2 AND owner = ? ORDER BY size DESC", lease.id);
  const unpacked = database.all<{ id: number; size: number }>("SELECT id, coalesce(size, 0) AS size FROM snapshot WHERE state = 2 AND owner = ? ORDER BY size DESC", lease.id);
  const things = [
    ...packed.map(({ digest, size }) => ({ size, remove: () => rmSync(blobs.path(digest), { force: true }) })),
    ...unpacked.map(({ id, size }) => ({ size, remove: () => removeNow(join(snapshots, id.toString(36))) })),
  ];
  if (things.reduce((sum, { size }) => sum + size, 0) < ENOUGH / 4) return;
  let freed = 0;
  for (const { size, remove } of things) {
    if (freed >= ENOUGH) return;
    remove();
    freed += size;
  }
}
