import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder, temporaryStore } from "../../test/support/temporary-store.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import { Database } from "./database.ts";
import { chooseEvictions } from "./evict.ts";
import { openStore, type Store } from "./open-store.ts";

const record = {
  key: sha256("key"),
  resultId: sha256("result"),
  slot: "builder 2/4",
  components: { instruction: "RUN make", parent: sha256("parent") },
  createdAt: 1,
};

test("a record is found by its key and by its aliases", async (context) => {
  const { cache, snapshots } = await temporaryStore(context);
  const { id } = snapshots.commit(snapshots.prepare(), { createdAt: 1 });
  cache.save({ ...record, snapshot: id, aliases: [sha256("content")] });
  for (const key of [record.key, sha256("content")]) {
    const found = cache.find(key)!;
    assert.deepEqual({ ...found }, { ...record, snapshot: id, files: undefined });
  }
  assert.equal(cache.find(sha256("other")), undefined);
});

test("the files of a content key come back", async (context) => {
  const { cache } = await temporaryStore(context);
  const files = Array.from({ length: 1000 }, (_, index) => ({ path: `src/file${index}.ts`, digest: sha256(String(index)), mode: 0o644, uid: 0, gid: 0, type: "file" }));
  cache.save({ ...record, snapshot: null, files, aliases: [] });
  assert.deepEqual(cache.find(record.key)!.files, files);
  assert.equal(cache.find(record.key)!.snapshot, null);
});

test("the latest record of a slot is the one that was saved last", async (context) => {
  const { cache } = await temporaryStore(context);
  assert.equal(cache.latest(record.slot), undefined);
  for (const key of ["a", "b"]) cache.save({ ...record, key: sha256(key), snapshot: null, aliases: [] });
  assert.equal(cache.latest(record.slot)!.key, sha256("b"));
  cache.save({ ...record, key: sha256("a"), resultId: sha256("again"), snapshot: null, aliases: [] });
  assert.equal(cache.latest(record.slot)!.resultId, sha256("again"));
});

test("a record without its snapshot is no record", async (context) => {
  const { cache } = await temporaryStore(context);
  cache.save({ ...record, snapshot: "99", aliases: [sha256("alias")] });
  assert.equal(cache.find(record.key), undefined);
  assert.equal(cache.find(sha256("alias")), undefined);
  assert.equal(cache.latest(record.slot), undefined);
});

test("earlier records are those of the slot, then of its stage, and none of this process's own", async (context) => {
  const { cache } = await temporaryStore(context);
  const save = (name: string, slot: string, createdAt: number): void => cache.save({ ...record, key: sha256(name), resultId: sha256(name), slot, createdAt, snapshot: null, aliases: [] });
  save("old", "a/b/0/2/run", 1);
  save("newer", "a/b/0/2/run", 2);
  save("moved", "a/b/0/3/run", 3);
  save("foreign", "a/b/0/2/run for linux/arm64", 4);
  save("other stage", "a/b/01/2/run", 5);
  save("other project", "a/c/0/2/run", 6);
  save("now", "a/b/0/2/run", Date.now() + 60_000);
  const names = (slot: string): string[] => cache.earlier(slot).map(({ key }) => ["old", "newer", "moved", "foreign", "other stage", "other project", "now"].find((name) => sha256(name) === key)!);
  assert.deepEqual(names("a/b/0/2/run"), ["newer", "old", "foreign", "moved"]);
  assert.deepEqual(names("a/b/0/2/run for linux/arm64"), ["foreign", "moved", "newer", "old"]);
  assert.deepEqual(names("context"), []);
});

/** A step with a layer that is packed in a blob. */
function saveStep({ cache, snapshots, blobs, layers }: Store, slot: string, result: string): { snapshot: string; blob: Digest; diffId: Digest } {
  const diffId = sha256(`layer of ${result}`);
  const { id } = snapshots.commit(snapshots.prepare(), { createdAt: 1, diffId, size: 1 });
  const blob = blobs.writeBytes(Buffer.from(`blob of ${result}`));
  layers.remember({ diffId, digest: blob, size: 1, mediaType: mediaType.ociLayerGzip, codec: "gzip" });
  cache.save({ ...record, key: sha256(result), resultId: sha256(result), slot, snapshot: id, aliases: [] });
  return { snapshot: id, blob, diffId };
}

test("what the last build left in the slots is held all at once, and what is older is not", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const maker = await openStore(root);
  const old = saveStep(maker, "one", "old");
  const kept = [saveStep(maker, "one", "a"), saveStep(maker, "two", "b")];
  const other = saveStep(maker, "three", "c");
  await maker.close();
  const store = await openStore(root);
  context.after(() => store.close());
  store.cache.expect(["one", "two", "never seen"]);
  const collector = await openStore(root);
  context.after(() => collector.close());
  await collector.collect({ evict: (contents) => chooseEvictions(contents, { keep: { of: "cache", bytes: 0 }, shared: true }) });
  assert.deepEqual([...kept, old, other].map(({ blob }) => collector.blobs.has(blob)), [true, true, false, false]);
  assert.deepEqual([...kept, old, other].map(({ snapshot }) => collector.snapshots.get(snapshot) !== undefined), [true, true, false, false]);
});

test("a blob that was expected counts as used when it was looked up", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const maker = await openStore(root);
  const [one, two] = [saveStep(maker, "one", "a"), saveStep(maker, "two", "b")];
  await maker.close();
  const usedAt = (blob: Digest): number => database.get<{ used_at: number }>("SELECT used_at FROM blob WHERE digest = ?", blob)!.used_at;
  const database = new Database(join(root, "sampan.db"));
  context.after(() => database.close());
  database.run("UPDATE blob SET used_at = 1");
  const store = await openStore(root);
  store.cache.expect(["one", "two"]);
  assert.equal(store.layers.find(one.diffId)!.digest, one.blob);
  assert.equal(database.get<{ held: number }>("SELECT count(*) AS held FROM lease_item WHERE kind = 'blob'")!.held, 2);
  await store.close();
  assert.ok(usedAt(one.blob) > 1);
  assert.equal(usedAt(two.blob), 1);
});

test("what was expected is found as it is: by key before alias, as it was saved since, and not under an alias that leads elsewhere now", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const [a, b, c] = ["a", "b", "c"].map((name) => sha256(name)) as [Digest, Digest, Digest];
  const [content, both] = [sha256("content"), c];
  const save = ({ cache, snapshots }: Store, key: Digest, slot: string, aliases: readonly Digest[]): string => {
    const { id } = snapshots.commit(snapshots.prepare(), { createdAt: 1 });
    cache.save({ ...record, key, resultId: key, slot, snapshot: id, aliases });
    return id;
  };
  const maker = await openStore(root);
  // The third record's key is an alias of the first, and its slot is not expected.
  for (const [key, slot, aliases] of [[a, "one", [content, both]], [b, "two", []], [c, "three", []]] as const) save(maker, key, slot, aliases);
  await maker.close();
  const store = await openStore(root);
  context.after(() => store.close());
  store.cache.expect(["one", "two"]);
  const found = (key: Digest): Digest | undefined => store.cache.find(key)?.key;
  assert.deepEqual([a, b, content, both, sha256("other")].map(found), [a, b, a, c, undefined]);
  assert.deepEqual({ ...store.cache.find(a)! }, { ...record, key: a, resultId: a, slot: "one", snapshot: store.cache.latest("one")!.snapshot, files: undefined });
  store.cache.alias(b, content);
  assert.equal(found(content), b);
  const again = save(store, a, "one", [b]);
  assert.equal(store.cache.find(a)!.snapshot, again);
  assert.equal(found(b), b);
});

test("what was expected is looked for once more where a transaction was undone", async (context) => {
  const root = join(temporaryFolder(context), "store");
  const maker = await openStore(root);
  const step = saveStep(maker, "one", "a");
  await maker.close();
  const store = await openStore(root);
  context.after(() => store.close());
  store.cache.expect(["one"]);
  assert.throws(() => store.images.put({ config: Buffer.from("{"), names: [] }));
  assert.throws(() => store.snapshots.commit({ id: "zz", upper: "", work: join(root, "none"), lowers: [] }, { createdAt: 1 }));
  const database = new Database(join(root, "sampan.db"));
  context.after(() => database.close());
  database.run("DELETE FROM lease_item");
  database.run("UPDATE snapshot SET state = 2");
  assert.equal(store.cache.find(sha256("a")), undefined);
  assert.equal(store.snapshots.get(step.snapshot), undefined);
});
