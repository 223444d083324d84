import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertStoreWhole } from "../../test/support/check-store.ts";
import { fillUp, noMounts, smallDisk } from "../../test/support/small-disk.ts";
import { configBytes, streamOf } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import type { Digest } from "../oci/digest.ts";
import { Database } from "./database.ts";
import { openStore, type Store } from "./open-store.ts";

test("a blob that does not fit is a fault, and nothing of it is kept", { skip: noMounts }, async (context) => {
  const root = join(smallDisk(context, "24m"), "store");
  await using store = await openStore(root);
  const kept = store.blobs.writeBytes(Buffer.from("kept"));
  const huge = async function* (): AsyncGenerator<Uint8Array> { for (let i = 0; i < 40; i += 1) yield Buffer.alloc(1 << 20, i); };
  await assert.rejects(store.blobs.write(huge()), (error) => isFault(error, "DISK_FULL"));
  assert.deepEqual(readdirSync(store.temporary), []);
  assert.equal(readdirSync(join(root, "blobs", "sha256")).length, 1);
  assert.ok(store.blobs.has(kept));
  await store.blobs.write(streamOf("fits"));
});

test("on a full disk images can still be removed, which frees space", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "24m");
  const root = join(disk, "store");
  {
    await using store = await openStore(root);
    const large = await store.blobs.write(streamOf(Buffer.alloc(4 << 20, 1)));
    store.layers.remember({ diffId: large.digest, digest: large.digest, size: large.size, mediaType: "application/vnd.oci.image.layer.v1.tar", codec: "none" });
    store.images.put({ config: configBytes([large.digest]), names: ["large:1"] });
  }
  assert.ok(existsSync(join(root, "reserve")));
  fillUp(disk);
  {
    await using store = await openStore(root);
    store.images.remove(store.images.find("large:1").id);
    assert.equal((await store.collect()).blobs, 2);
  }
  rmSync(join(disk, "filler"));
  await using store = await openStore(root);
  assert.deepEqual(store.images.list(), []);
  assert.deepEqual(readdirSync(join(root, "blobs", "sha256")), []);
});

test("a command that frees nothing leaves a full disk's reserve to the one that does, however often the rest is filled", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "24m");
  const root = join(disk, "store");
  {
    await using store = await openStore(root);
    store.images.put({ config: configBytes([]), names: ["small:1"] });
  }
  for (let round = 0; round < 3; round += 1) {
    fillUp(disk);
    await using store = await openStore(root);
    assert.equal(store.images.list().length, 1);
  }
  assert.ok(existsSync(join(root, "reserve")));
  // Where it is gone for all that, beginnings of pulls are.
  mkdirSync(join(root, "partial"));
  rmSync(join(root, "reserve"));
  rmSync(join(disk, "filler"));
  writeFileSync(join(root, "partial", `sha256-${"a".repeat(64)}`), Buffer.alloc(1 << 20));
  fillUp(disk);
  await using store = await openStore(root);
  store.images.remove(store.images.find("small:1").id);
  assert.equal((await store.collect()).blobs, 1);
});

test("where nothing is set aside any more, it is said that other files have to go first, and then images can", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "24m");
  const root = join(disk, "store");
  {
    await using store = await openStore(root);
    store.images.put({ config: configBytes([]), names: ["small:1"] });
  }
  const removeAll = async (): Promise<number> => {
    await using store = await openStore(root);
    store.images.remove(store.images.find("small:1").id);
    return (await store.collect()).blobs;
  };
  writeFileSync(join(disk, "other"), Buffer.alloc(1 << 20));
  rmSync(join(root, "reserve"));
  fillUp(disk);
  await assert.rejects(removeAll(), (error) => isFault(error, "DISK_FULL") && /delete 1 MB of other files on that disk before/.test(error.hint ?? ""));
  rmSync(join(disk, "other"));
  assert.equal(await removeAll(), 1);
});

test("where nothing is set aside any more, a prune frees some of what nothing needs before the database notes it", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "24m");
  const root = join(disk, "store");
  const layer = async (store: Store, content: number): Promise<Digest> => {
    const { digest, size } = await store.blobs.write(streamOf(Buffer.alloc(2 << 20, content)));
    store.layers.remember({ diffId: digest, digest, size, mediaType: "application/vnd.oci.image.layer.v1.tar", codec: "none" });
    return digest;
  };
  for (const ended of [true, false]) {
    {
      await using store = await openStore(root);
      store.images.put({ config: configBytes([await layer(store, 1)]), names: ["kept:1"] });
      store.images.put({ config: configBytes([await layer(store, 2), await layer(store, 3)]), names: ["goes:1"] });
      // Of a process that has ended, which the next one cannot note.
      if (ended) new Database(join(root, "sampan.db")).run("INSERT INTO lease (pid, started, boot, namespace, created_at) VALUES (1, '0', 'earlier', '', 0)");
    }
    rmSync(join(root, "reserve"), { force: true });
    fillUp(disk);
    await using store = await openStore(root);
    const goes = store.images.list().find(({ names }) => names[0]!.includes("goes"))!;
    const removed = await store.collect({ evict: () => ({ images: [goes.id], records: [], blobs: [] }) });
    assert.deepEqual([removed.blobs, removed.blobBytes > 4 << 20], [3, true]);
    assert.deepEqual(store.images.list().map(({ names }) => names), [["docker.io/library/kept:1"]]);
    await store.close();
    assert.ok(existsSync(join(root, "reserve")), "and sets something aside again");
    rmSync(join(disk, "filler"));
    await (await openStore(root)).close();
    assertStoreWhole(root);
  }
});

test("a full disk whose database was closed is opened, though SQLite has no room for its other files", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "24m");
  const root = join(disk, "store");
  {
    await using store = await openStore(root);
    store.images.put({ config: configBytes([]), names: ["small:1"] });
  }
  new Database(join(root, "sampan.db")).close();
  assert.deepEqual(["-wal", "-shm"].filter((end) => existsSync(join(root, `sampan.db${end}`))), []);
  rmSync(join(root, "reserve"));
  fillUp(disk);
  await using store = await openStore(root);
  assert.equal(store.images.list().length, 1);
});

test("a new store on a full disk is a fault", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "1m");
  fillUp(disk);
  await assert.rejects(openStore(join(disk, "store")), (error) => isFault(error, "DISK_FULL"));
});

test("a read-only file system is a fault that says what to set", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "16m");
  await (await openStore(join(disk, "store"))).close();
  execFileSync("mount", ["-o", "remount,ro", disk]);
  await assert.rejects(openStore(join(disk, "store")), (error) => isFault(error, "READ_ONLY") && error.hint!.includes("SAMPAN_ROOT"));
  await assert.rejects(openStore(join(disk, "another")), (error) => isFault(error, "READ_ONLY"));
});

test("a full disk in the middle of a transaction leaves store and lease as they were", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "24m");
  const root = join(disk, "store");
  const store = await openStore(root);
  store.images.put({ config: configBytes([]), names: ["first:1"] });
  fillUp(disk);
  assert.throws(() => {
    for (let i = 0; i < 2000; i += 1) store.images.put({ config: configBytes([], { author: String(i) }), names: [`more${i}:1`] });
  }, (error) => isFault(error, "DISK_FULL"));
  rmSync(join(disk, "filler"));
  assert.equal(store.images.find("first:1").names.length, 1);
  store.images.put({ config: configBytes([], { author: "after" }), names: ["after:1"] });
  await store.close();
  await using again = await openStore(root);
  assert.equal(again.images.find("after:1").config.author, "after");
});
