import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { temporaryStore } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";

test("snapshots stack: lowers are top first, chains bottom first", async (context) => {
  const { snapshots } = await temporaryStore(context);
  const base = snapshots.commit(snapshots.prepare(), { createdAt: 1 });
  const middle = snapshots.commit(snapshots.prepare(base.id), { createdAt: 2 });
  const active = snapshots.prepare(middle.id);
  assert.deepEqual(active.lowers, [middle.folder, base.folder]);
  const top = snapshots.commit(active, { createdAt: 3, size: 5, chainId: sha256("c"), diffId: sha256("d") });
  assert.deepEqual(snapshots.chain(top.id).map(({ id }) => id), [base.id, middle.id, top.id]);
  assert.deepEqual(snapshots.lowers(top.id), [top.folder, middle.folder, base.folder]);
  assert.deepEqual(snapshots.get(top.id), { id: top.id, parent: middle.id, folder: active.upper, createdAt: 3, size: 5, chainId: sha256("c"), diffId: sha256("d") });
});

test("ids are short, so that a hundred layers fit into one mount", async (context) => {
  const { snapshots, root } = await temporaryStore(context);
  let id = "";
  for (let i = 0; i < 40; i += 1) id = snapshots.commit(snapshots.prepare(), { createdAt: 1 }).id;
  assert.equal(id, "14");
  assert.equal(snapshots.get(id)!.folder, join(root, "snapshots", "14", "fs"));
});

test("a work folder that was made beside an active snapshot goes with the commit", async (context) => {
  const { snapshots } = await temporaryStore(context);
  const active = snapshots.prepare();
  assert.equal(dirname(active.work), dirname(active.upper));
  assert.ok(!existsSync(active.work));
  mkdirSync(active.work);
  mkdirSync(join(active.work, "work"), { mode: 0 });
  snapshots.commit(active, { createdAt: 1 });
  assert.ok(!existsSync(active.work));
});

test("the top folder takes the mode of the parent's, which overlayfs would hide otherwise", async (context) => {
  const { snapshots } = await temporaryStore(context);
  const base = snapshots.prepare();
  chmodSync(base.upper, 0o1777);
  const { id } = snapshots.commit(base, { createdAt: 1 });
  assert.equal(statSync(snapshots.prepare(id).upper).mode & 0o7777, 0o1777);
});

test("what is not committed is no snapshot, and can be discarded once", async (context) => {
  const { snapshots } = await temporaryStore(context);
  const active = snapshots.prepare();
  writeFileSync(join(active.upper, "file"), "x");
  assert.equal(snapshots.get(active.id), undefined);
  assert.throws(() => snapshots.prepare(active.id), (error) => isFault(error, "SNAPSHOT_MISSING"));
  await snapshots.discard(active);
  assert.ok(!existsSync(dirname(active.upper)));
  assert.throws(() => snapshots.commit(active, { createdAt: 1 }), (error) => isFault(error, "SNAPSHOT_MISSING"));
});

test("a snapshot is found by its chain id, also when that was learned later", async (context) => {
  const { snapshots } = await temporaryStore(context);
  const { id } = snapshots.commit(snapshots.prepare(), { createdAt: 1 });
  assert.equal(snapshots.byChainId(sha256("chain")), undefined);
  snapshots.describe(id, { chainId: sha256("chain"), diffId: sha256("diff") });
  snapshots.describeAll([{ id, size: 7 }]);
  assert.deepEqual(snapshots.byChainId(sha256("chain")), { ...snapshots.get(id), size: 7, diffId: sha256("diff") });
});

test("text that is no id finds nothing", async (context) => {
  const { snapshots } = await temporaryStore(context);
  for (const id of ["", "../1", "1.5", "zzzzzzzzzzzzzzz"]) assert.equal(snapshots.get(id), undefined);
  assert.throws(() => snapshots.chain("7"), (error) => isFault(error, "SNAPSHOT_MISSING"));
});

test("closing the store removes active snapshots and large folders too", async (context) => {
  const store = await temporaryStore(context);
  const active = store.snapshots.prepare();
  for (let i = 0; i < 300; i += 1) writeFileSync(join(active.upper, `file${i}`), "");
  await store.close();
  assert.ok(!existsSync(dirname(active.upper)));
});
