import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";

interface Made {
  root: string;
  ids: string[];
  folders: string[];
  blob: Digest;
  blobPath: string;
}

/** A base and two snapshots upon it, each with a file of 1000 bytes, and a cache record for the last one. */
async function make(root: string): Promise<Made> {
  await using store = await openStore(root);
  const ids: string[] = [];
  const folders: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    const active = store.snapshots.prepare(i === 0 ? undefined : ids[0]);
    writeFileSync(join(active.upper, "file"), Buffer.alloc(1000));
    const { id, folder } = store.snapshots.commit(active, { createdAt: 1, size: 1000 });
    ids.push(id);
    folders.push(folder);
  }
  store.cache.save({ key: sha256("key"), aliases: [], resultId: sha256("r"), snapshot: ids[2]!, slot: "s", components: {}, createdAt: 1 });
  const blob = store.blobs.writeBytes(Buffer.from("blob"));
  return { root, ids, folders, blob, blobPath: store.blobs.path(blob) };
}

function pretendReboot(root: string): void {
  const database = new Database(join(root, "sampan.db"));
  database.run("UPDATE meta SET value = 'an earlier boot' WHERE key = 'boot'");
  database.close();
}

test("after a boot, snapshots that were written whole are kept", async (context) => {
  const { root, ids, blob } = await make(temporaryFolder(context));
  pretendReboot(root);
  await using store = await openStore(root);
  for (const id of ids) assert.ok(store.snapshots.get(id));
  assert.ok(store.blobs.has(blob));
  assert.ok(store.cache.find(sha256("key")));
});

test("after a power cut, a snapshot whose files lost bytes is given up, and its cache record with it", async (context) => {
  const { root, ids, folders } = await make(temporaryFolder(context));
  truncateSync(join(folders[2]!, "file"), 0);
  pretendReboot(root);
  await using store = await openStore(root);
  assert.deepEqual(ids.map((id) => store.snapshots.get(id) !== undefined), [true, true, false]);
  assert.equal(store.cache.find(sha256("key")), undefined);
  await store.close();
  assert.ok(!existsSync(folders[2]!));
});

test("what was built upon a lost snapshot is lost with it", async (context) => {
  const { root, ids, folders } = await make(temporaryFolder(context));
  rmSync(folders[0]!, { recursive: true });
  pretendReboot(root);
  await using store = await openStore(root);
  assert.deepEqual(ids.map((id) => store.snapshots.get(id)), [undefined, undefined, undefined]);
});

test("a snapshot that had time to reach the disk is not looked into", async (context) => {
  const { root, ids, folders } = await make(temporaryFolder(context));
  const database = new Database(join(root, "sampan.db"));
  database.run("UPDATE snapshot SET used_at = used_at - 120000");
  database.close();
  await (await openStore(root)).close();
  truncateSync(join(folders[1]!, "file"), 0);
  pretendReboot(root);
  await using store = await openStore(root);
  assert.ok(store.snapshots.get(ids[1]!));
});

test("after a power cut, rows without files are gone, and files without rows with the next collection", async (context) => {
  const { root, blob, blobPath } = await make(temporaryFolder(context));
  truncateSync(blobPath, 2);
  const stray = join(root, "blobs", "sha256", sha256("stray").slice(7));
  writeFileSync(stray, "stray");
  mkdirSync(join(root, "snapshots", "zz", "fs"), { recursive: true });
  pretendReboot(root);
  await using store = await openStore(root);
  assert.ok(!store.blobs.has(blob));
  assert.equal(store.blobs.writeBytes(Buffer.from("blob")), blob);
  assert.ok(existsSync(stray));
  await store.collect();
  await store.close();
  assert.ok(!existsSync(stray));
  assert.ok(!existsSync(join(root, "snapshots", "zz")));
});

test("without a boot in between nothing is looked at", async (context) => {
  const { root, ids, folders } = await make(temporaryFolder(context));
  truncateSync(join(folders[1]!, "file"), 0);
  await using store = await openStore(root);
  assert.ok(store.snapshots.get(ids[1]!));
});
