import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import type { NewUpload } from "../../src/server/storage/object-records.ts";
import { actor, digestOf } from "./contract-content.ts";

const LEASE = 60_000;
const newUpload = (fields: Partial<NewUpload> = {}): NewUpload => ({ id: randomUUID(), repository: "app", algorithm: "sha256", owner: undefined, partSize: 100, ...fields });

/** What every driver of {@link Metadata} has to hold of uploads and objects. */
export function objectRecordsContract(driver: string, place: (context: TestContext) => { open(): Promise<Metadata> }): void {
  const contract = (title: string, check: (metadata: Metadata, other: Metadata) => Promise<void>): void =>
    void test(`${driver}: ${title}`, async (context) => {
      const here = place(context);
      await using metadata = await here.open();
      await using other = await here.open();
      await check(metadata, other);
    });

  contract("an upload that one process has begun goes on in another", async (metadata, other) => {
    const upload = newUpload({ algorithm: "sha512" });
    assert.equal(await metadata.createUpload(upload, { limit: 2 }), true);
    assert.deepEqual(await other.findUpload(upload.id), { ...upload, multipart: undefined, ended: false, pieces: [] });
    await metadata.claimUpload(upload.id, { worker: "one", lease: LEASE });
    const multipart = { object: "objects/a", id: "m1" };
    const [part, tail] = [{ start: 0, size: 100, kind: "part", name: '"e1"' }, { start: 100, size: 7, kind: "object", name: "objects/a/100" }] as const;
    assert.equal(await metadata.changeUpload(upload.id, "one", { multipart, piece: part }), true);
    assert.equal(await metadata.changeUpload(upload.id, "one", { piece: tail }), true);
    await metadata.releaseUpload(upload.id, "one", true);
    assert.deepEqual(await other.claimUpload(upload.id, { worker: "two", lease: LEASE }), { ...upload, multipart, ended: true, pieces: [part, tail] });
    assert.equal(await other.findUpload(randomUUID()), undefined);
  });

  contract("records are those of one registry", async (metadata, other) => {
    assert.match(await metadata.registryId(), /^[0-9a-f-]{32,36}$/);
    assert.equal(await other.registryId(), await metadata.registryId());
  });

  contract("there are no more uploads than the limit says", async (metadata, other) => {
    const [first, second] = [newUpload({ owner: "ana" }), newUpload()];
    assert.deepEqual([await metadata.createUpload(first, { limit: 1 }), await other.createUpload(second, { limit: 1 }), await other.uploadCount()], [true, false, 1]);
    assert.deepEqual([await other.uploadCount("ana"), await other.uploadCount("ben")], [1, 0]);
    assert.equal(await metadata.endUpload(first.id), true);
    assert.deepEqual([await metadata.endUpload(first.id), await other.createUpload(second, { limit: 1 })], [false, true]);
  });

  contract("one worker at a time has an upload, until its claim is released or over", async (metadata, other) => {
    const { id } = newUpload();
    assert.equal(await metadata.claimUpload(id, { worker: "one", lease: LEASE }), "gone");
    await metadata.createUpload(newUpload({ id }), { limit: 9 });
    assert.ok(typeof (await metadata.claimUpload(id, { worker: "one", lease: LEASE })) === "object");
    assert.equal(await other.claimUpload(id, { worker: "two", lease: LEASE }), "busy");
    assert.ok(typeof (await metadata.claimUpload(id, { worker: "one", lease: 1 })) === "object");
    await wait(50);
    assert.ok(typeof (await other.claimUpload(id, { worker: "two", lease: LEASE })) === "object");
    const piece = { start: 0, size: 1, kind: "object", name: "x" } as const;
    assert.equal(await metadata.changeUpload(id, "one", { piece }), false);
    assert.equal(await metadata.endUpload(id, { worker: "one", digest: digestOf("x"), object: "x" }), false);
    await metadata.releaseUpload(id, "one", false);
    assert.equal(await metadata.claimUpload(id, { worker: "one", lease: LEASE }), "busy");
    assert.equal(await other.changeUpload(id, "two", { piece }), true);
    await other.releaseUpload(id, "two", false);
    assert.ok(typeof (await metadata.claimUpload(id, { worker: "one", lease: LEASE })) === "object");
  });

  contract("what an upload leaves is condemned, and what becomes a blob is not", async (metadata, other) => {
    const { id } = newUpload();
    const digest = digestOf("x");
    await metadata.createUpload(newUpload({ id }), { limit: 9 });
    await metadata.claimUpload(id, { worker: "one", lease: LEASE });
    for (const start of [0, 40, 80]) await metadata.changeUpload(id, "one", { piece: { start, size: 40, kind: "object", name: `${id}/${start}` } });
    await metadata.changeUpload(id, "one", { multipart: { object: id, id: "m" } });
    await metadata.changeUpload(id, "one", { piece: { start: 0, size: 100, kind: "part", name: "e" } });
    await metadata.changeUpload(id, "one", { piece: { start: 100, size: 20, kind: "object", name: `${id}/100` } });
    assert.deepEqual(new Set(await other.condemnedObjects(9)), new Set([0, 40, 80].map((start) => ({ name: `${id}/${start}`, multipart: undefined }))));
    await other.forgetCondemned([0, 40, 80].map((start) => `${id}/${start}`));
    assert.equal(await metadata.endUpload(id, { worker: "one", digest, object: id }), true);
    assert.deepEqual(await other.condemnedObjects(9), [{ name: `${id}/100`, multipart: undefined }]);
    const placed = (await other.objectOf(digest))!;
    assert.deepEqual([placed.name, placed.size, Math.abs(placed.placedAt - Date.now()) < 60_000], [id, 120, true]);
    assert.deepEqual(await other.objects({}), { items: [placed], more: false });
    assert.equal(await other.findUpload(id), undefined);

    const again = newUpload();
    await other.createUpload(again, { limit: 9 });
    await other.claimUpload(again.id, { worker: "two", lease: LEASE });
    await other.changeUpload(again.id, "two", { multipart: { object: `${again.id}/parts`, id: "m2" }, piece: { start: 0, size: 120, kind: "object", name: `${again.id}/0` } });
    await other.endUpload(again.id, { worker: "two", digest, object: `${again.id}/0` });
    assert.equal((await metadata.objectOf(digest))?.name, `${again.id}/0`);
    assert.deepEqual(new Set(await metadata.condemnedObjects(9)), new Set([{ name: `${id}/100`, multipart: undefined }, { name: id, multipart: undefined }, { name: `${again.id}/parts`, multipart: "m2" }]));
    assert.equal((await metadata.condemnedObjects(1)).length, 1);
  });

  contract("a blob that ends takes the record of its object along, and another one does not", async (metadata, other) => {
    for (const text of ["x", "y"]) {
      const { id } = newUpload();
      await metadata.createUpload(newUpload({ id }), { limit: 9 });
      await metadata.claimUpload(id, { worker: "one", lease: LEASE });
      await metadata.changeUpload(id, "one", { piece: { start: 0, size: 1, kind: "object", name: `of ${text}` } });
      await metadata.endUpload(id, { worker: "one", digest: digestOf(text), object: `of ${text}` });
      await metadata.addBlob("app", { digest: digestOf(text), size: 1 }, actor);
    }
    assert.equal(await metadata.forgetBlob(digestOf("x"), () => assert.fail("it lives")), false);
    assert.equal((await metadata.objectOf(digestOf("x")))?.name, "of x");
    assert.equal(await metadata.unlinkBlob("app", digestOf("x"), actor), "last");
    assert.equal(await other.forgetBlob(digestOf("x"), () => undefined), true);
    assert.equal(await metadata.objectOf(digestOf("x")), undefined);
    assert.equal((await metadata.objectOf(digestOf("y")))?.name, "of y");
    assert.deepEqual(await metadata.condemnedObjects(9), [{ name: "of x", multipart: undefined }]);
  });

  contract("objects that nobody knows are told from those of blobs, of uploads and of the condemned", async (metadata, other) => {
    const [open, done] = [newUpload(), newUpload()];
    for (const { id } of [open, done]) {
      await metadata.createUpload(newUpload({ id }), { limit: 9 });
      await metadata.claimUpload(id, { worker: "one", lease: LEASE });
      for (const start of [0, 1]) await metadata.changeUpload(id, "one", { piece: { start, size: 1, kind: "object", name: `${id}/${start}` } });
    }
    await metadata.endUpload(done.id, { worker: "one", digest: digestOf("x"), object: `${done.id}/0` });
    const found = [`${open.id}/0`, `${open.id}/7`, `${done.id}/0`, `${done.id}/1`, `${done.id}/7`, "foreign/0"].map((name) => ({ name, upload: name.split("/")[0]! }));
    assert.deepEqual(new Set(await other.strayObjects(found)), new Set([`${done.id}/7`, "foreign/0"]));
    assert.deepEqual(await other.strayObjects([]), []);
  });

  contract("an upload expires when nobody has touched it, and nobody works on it", async (metadata, other) => {
    const [left, worked] = [newUpload(), newUpload()];
    for (const { id } of [left, worked]) {
      await metadata.createUpload(newUpload({ id }), { limit: 9 });
      await metadata.claimUpload(id, { worker: "one", lease: LEASE });
    }
    await metadata.releaseUpload(left.id, "one", false);
    await wait(5);
    assert.deepEqual(await other.expiredUploads({ age: 1, limit: 9 }), [left.id]);
    assert.deepEqual(await other.expiredUploads({ age: LEASE, limit: 9 }), []);
  });
}
