import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { openStore } from "./open-store.ts";

const first = "66305:18446744073709551615:12:1700000000000000001:1700000000000000002";

test("a digest is known for as long as the file has the same state, also after the store was closed", async (context) => {
  const root = temporaryFolder(context);
  {
    await using store = await openStore(root);
    store.fileDigests.put(first, sha256("a"), "/context");
    assert.equal(store.fileDigests.get(first, "/context"), sha256("a"));
  }
  await using store = await openStore(root);
  assert.equal(store.fileDigests.get(first, "/context"), sha256("a"));
  assert.equal(store.fileDigests.get(`${first}3`, "/context"), undefined);
  assert.equal(store.fileDigests.get(first), undefined);
  assert.deepEqual(store.fileDigests.load("/elsewhere"), new Map());
});

test("the newest state of a file replaces the earlier one and leaves other files alone", async (context) => {
  const root = temporaryFolder(context);
  for (const [key, text] of [["1:17:3:1:2", "b"], ["1:18:3:1:2", "c"], ["1:17:4:5:b6", "d"]] as const) {
    await using store = await openStore(root);
    store.fileDigests.put(key, sha256(text), "/context");
  }
  await using store = await openStore(root);
  store.fileDigests.put("1:19:1:1:1", sha256("e"), "/context");
  assert.deepEqual(store.fileDigests.load("/context"), new Map([["1:18:3:1:2", sha256("c")], ["1:17:4:5:b6", sha256("d")], ["1:19:1:1:1", sha256("e")]]));
});

test("the digests of a snapshot's files go with the snapshot", async (context) => {
  const root = temporaryFolder(context);
  let folder = "";
  {
    await using store = await openStore(root);
    ({ folder } = store.snapshots.commit(store.snapshots.prepare(), { createdAt: 1 }));
    store.fileDigests.put(first, sha256("a"), folder);
    store.fileDigests.put(first, sha256("a"), "/context");
  }
  await using store = await openStore(root);
  await store.collect();
  assert.equal(store.fileDigests.load(folder).size, 0);
  assert.equal(store.fileDigests.load("/context").size, 1);
});

test("what two processes learn of one scope side by side is kept, and what is learned between two looks is seen", async (context) => {
  const root = temporaryFolder(context);
  const [one, two] = [await openStore(root), await openStore(root)];
  for (const store of [one, two]) assert.equal(store.fileDigests.load("/context").size, 0);
  one.fileDigests.put("1:1:1:1:1", sha256("a"), "/context");
  two.fileDigests.put("1:2:1:1:1", sha256("b"), "/context");
  assert.deepEqual([...one.fileDigests.load("/context").keys()], ["1:1:1:1:1"]);
  one.fileDigests.load("/elsewhere");
  one.fileDigests.put("1:3:1:1:1", sha256("c"), "/context");
  assert.deepEqual([...one.fileDigests.load("/context").keys()], ["1:1:1:1:1", "1:3:1:1:1"]);
  await one.close();
  await two.close();
  await using store = await openStore(root);
  assert.deepEqual([...store.fileDigests.load("/context").keys()].sort(), ["1:1:1:1:1", "1:2:1:1:1", "1:3:1:1:1"]);
});
