import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fillUp, noMounts, smallDisk } from "../../test/support/small-disk.ts";
import { configBytes, temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { once } from "../std/once.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";

/** A store with blobs from afar, and one that was written here. */
async function make(root: string): Promise<{ pulled: Digest[]; written: Digest; pathOf(digest: Digest): string }> {
  await using store = await openStore(root);
  const pulled: Digest[] = [];
  for (let index = 0; index < 4; index += 1) {
    const bytes = randomBytes(2_000_000);
    pulled.push((await store.blobs.resume((start) => once(bytes.subarray(start)), { digest: sha256(bytes), size: bytes.length })).digest);
  }
  const { digest: written } = await store.blobs.write(once(randomBytes(1000)));
  const { blobs } = store;
  return { pulled, written, pathOf: (digest) => blobs.path(digest) };
}

function change(root: string, ...statements: string[]): void {
  const database = new Database(join(root, "sampan.db"));
  for (const statement of statements) database.run(statement);
  database.close();
}

const reboot = ["UPDATE blob SET unsettled = 'an earlier boot' WHERE unsettled IS NOT NULL", "UPDATE meta SET value = 'an earlier boot' WHERE key = 'boot'"];

function unsettled(root: string): number {
  const database = new Database(join(root, "sampan.db"));
  const { count } = database.get<{ count: number }>("SELECT count(*) AS count FROM blob WHERE unsettled IS NOT NULL")!;
  database.close();
  return count;
}

test("after a power cut, blobs from afar whose bytes did not reach the disk are given up, and come again", async (context) => {
  const root = temporaryFolder(context);
  const { pulled, pathOf } = await make(root);
  const [whole, zeros, short, gone] = pulled as [Digest, Digest, Digest, Digest];
  writeFileSync(pathOf(zeros), Buffer.alloc(500_000), { flag: "r+" });
  truncateSync(pathOf(short), 4096);
  rmSync(pathOf(gone));
  change(root, ...reboot);
  {
    await using store = await openStore(root);
    assert.deepEqual(pulled.map((digest) => store.blobs.has(digest)), [true, false, false, false]);
    assert.ok(!existsSync(pathOf(zeros)) && !existsSync(pathOf(short)));
  }
  assert.equal(unsettled(root), 0);
  // What was right is not read again.
  writeFileSync(pathOf(whole), Buffer.alloc(10), { flag: "r+" });
  change(root, ...reboot);
  await using store = await openStore(root);
  assert.ok(store.blobs.has(whole));
});

test("blobs that were written here, and those of this boot, are not read", async (context) => {
  const root = temporaryFolder(context);
  const { pulled, written, pathOf } = await make(root);
  writeFileSync(pathOf(written), Buffer.alloc(10), { flag: "r+" });
  writeFileSync(pathOf(pulled[0]!), Buffer.alloc(10), { flag: "r+" });
  assert.equal(unsettled(root), 4);
  await (await openStore(root)).close();
  assert.equal(unsettled(root), 4, "they may not be on the disk yet");
  change(root, "UPDATE blob SET created_at = created_at - 61000");
  {
    await using store = await openStore(root);
    assert.ok(store.blobs.has(pulled[0]!));
  }
  assert.equal(unsettled(root), 0);
  change(root, ...reboot);
  await using store = await openStore(root);
  assert.ok(store.blobs.has(written) && store.blobs.has(pulled[0]!));
});

test("what was read until an interruption is noted, and the rest is read by the next process", async (context) => {
  const root = temporaryFolder(context);
  const { pulled, pathOf } = await make(root);
  rmSync(pathOf(pulled[1]!));
  change(root, ...reboot);
  const stop = new AbortController();
  const told: string[] = [];
  await assert.rejects(openStore(root, { signal: stop.signal, onReading: (what) => { told.push(what); stop.abort(new Error("enough")); } }), /enough/);
  assert.deepEqual(told, ["checking 4 blobs (8MB) that came shortly before this machine was last started"]);
  assert.equal(unsettled(root), 4);
  await using store = await openStore(root, { onReading: (what) => told.push(what) });
  assert.deepEqual(pulled.map((digest) => store.blobs.has(digest)), [true, false, true, true]);
  assert.equal(unsettled(root), 0);
  assert.equal(told.length, 2);
});

test("on a full disk, damaged blobs go, which makes room; what leaves no room is left to the next process", { skip: noMounts }, async (context) => {
  const disk = smallDisk(context, "32m");
  const root = join(disk, "store");
  const { pulled, pathOf } = await make(root);
  {
    await using store = await openStore(root);
    store.images.put({ config: configBytes([]), names: ["small:1"] });
    // Its log is there already, so that it can be opened without any room.
    rmSync(pathOf(pulled[0]!));
    change(root, reboot[0]!);
    rmSync(join(root, "reserve"));
    fillUp(disk);
    await (await openStore(root)).close();
    assert.equal(unsettled(root), 4);
    writeFileSync(pathOf(pulled[1]!), Buffer.alloc(10), { flag: "r+" });
    await using other = await openStore(root);
    assert.deepEqual(pulled.map((digest) => other.blobs.has(digest)), [false, false, true, true]);
    assert.ok(!existsSync(pathOf(pulled[1]!)));
    assert.equal(unsettled(root), 0);
  }
  fillUp(disk);
  await using store = await openStore(root);
  store.images.remove(store.images.find("small:1").id);
  assert.ok((await store.collect()).blobs > 0);
});
