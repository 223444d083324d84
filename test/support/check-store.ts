import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../src/oci/digest.ts";
import { Database } from "../../src/store/database.ts";

/**
 * Checks a store that no process has open: every row has its file with the right content, every file its row, and
 * nothing is unfinished, held or mounted.
 */
export function assertStoreWhole(root: string): void {
  assert.deepEqual(mountsBelow(root), []);
  const database = new Database(join(root, "sampan.db"));
  try {
    assert.deepEqual(database.all("PRAGMA integrity_check").map((row) => Object.values(row as object)[0]), ["ok"]);
    const blobs = database.all<{ digest: string; size: number; state: number }>("SELECT digest, size, state FROM blob");
    assert.deepEqual(readdirSync(join(root, "blobs/sha256")).sort(), blobs.map(({ digest }) => digest.slice(7)).sort());
    for (const { digest, size, state } of blobs) {
      const bytes = readFileSync(join(root, "blobs/sha256", digest.slice(7)));
      assert.deepEqual([sha256(bytes), bytes.length, state], [digest, size, 1]);
    }
    const snapshots = database.all<{ id: number; parent: number | null; state: number }>("SELECT id, parent, state FROM snapshot");
    assert.deepEqual(readdirSync(join(root, "snapshots")).sort(), snapshots.map(({ id }) => id.toString(36)).sort());
    for (const { id, parent, state } of snapshots) {
      assert.equal(state, 1, `snapshot ${id} is unfinished`);
      assert.deepEqual(readdirSync(join(root, "snapshots", id.toString(36))), ["fs"]);
      assert.ok(parent === null || snapshots.some((other) => other.id === parent));
    }
    const containers = database.all<{ id: string; snapshot: number | null; pid: number | null }>("SELECT id, snapshot, pid FROM container");
    assert.deepEqual(existsSync(join(root, "containers")) ? readdirSync(join(root, "containers")).sort() : [], containers.map(({ id }) => id).sort());
    for (const { id, snapshot, pid } of containers) {
      assert.equal(pid, null, `container ${id} is supervised`);
      assert.ok(snapshot === null || snapshots.some((row) => row.id === snapshot), `the snapshot below container ${id}`);
    }
    for (const { id } of database.all<{ id: string }>("SELECT id FROM image WHERE state = 1")) assert.ok(existsSync(join(root, "blobs/sha256", id.slice(7))), `the config of ${id}`);
    for (const { snapshot } of database.all<{ snapshot: number }>("SELECT snapshot FROM cache_record WHERE snapshot IS NOT NULL")) {
      assert.ok(snapshots.some(({ id }) => id === snapshot), `snapshot ${snapshot} of a cache record`);
    }
    assert.deepEqual(database.all("SELECT * FROM lease"), []);
    assert.deepEqual(database.all("SELECT * FROM lease_item"), []);
    assert.deepEqual(readdirSync(join(root, "tmp")), []);
  } finally {
    database.close();
  }
}

/** Mount points below a folder, in this mount namespace. */
export function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8").split("\n").flatMap((line) => line.split(" ")[4] ?? []).filter((path) => path.startsWith(`${folder}/`));
}
