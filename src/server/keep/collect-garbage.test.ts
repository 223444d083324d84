import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { collectionRaces } from "../../../test/support/collection-races.ts";
import { actor, GRACE, LONG, pushBlob, putManifest, scratchStorage, stored } from "../../../test/support/kept-storage.ts";
import { digestBytes, digestHex, type Digest } from "../../oci/digest.ts";
import { COLLECTOR } from "./collect-garbage.ts";

test("blobs that nothing names go after the grace time, with their bytes, and empty repositories too", async (context) => {
  const setting = await scratchStorage(context);
  const [kept, lost] = [await pushBlob(setting, "a", "kept"), await pushBlob(setting, "b", "lost")];
  await putManifest(setting, "a", { blobs: [kept] }, ["1"]);
  assert.deepEqual(await setting.collect(), { manifests: 0, blobs: 0, bytes: 0, repositories: 0 });
  setting.later(LONG);
  assert.deepEqual(await setting.collect(), { manifests: 0, blobs: 1, bytes: 4, repositories: 1 });
  assert.deepEqual(await stored(setting), [kept]);
  assert.equal(await setting.storage.metadata.blobSize("b", lost), undefined);
  assert.deepEqual((await setting.storage.metadata.repositories({})).items, ["a"]);
  assert.ok((await setting.storage.metadata.events({ after: 0, limit: 100 })).some(({ action, user, digest }) => action === "blob.delete" && user === COLLECTOR.user && digest === lost));
});

test("a blob is each repository's own: it leaves one, and its bytes stay for the other", async (context) => {
  const setting = await scratchStorage(context);
  const shared = await pushBlob(setting, "a", "shared");
  assert.equal(await setting.storage.metadata.mountBlob("b", shared, { from: "a", actor }), true);
  await putManifest(setting, "b", { blobs: [shared] }, ["1"]);
  setting.later(LONG);
  assert.deepEqual(await setting.collect(), { manifests: 0, blobs: 0, bytes: 0, repositories: 1 });
  assert.equal(await setting.storage.metadata.blobSize("a", shared), undefined);
  assert.equal(await setting.storage.metadata.blobSize("b", shared), 6);
});

test("who found a blob, mounted it or pushed it again has the grace time from then", async (context) => {
  const setting = await scratchStorage(context);
  const found = await pushBlob(setting, "a", "found");
  for (const renew of [
    () => setting.storage.metadata.leaseBlob("a", found),
    () => setting.storage.metadata.mountBlob("a", found, { actor }),
    () => pushBlob(setting, "a", "found"),
  ]) {
    setting.later(GRACE * 0.9);
    await renew();
    setting.later(GRACE * 0.9);
    await setting.collect();
    assert.equal(await setting.storage.metadata.leaseBlob("a", found), 5);
  }
  assert.deepEqual((await putManifest(setting, "a", { blobs: [found] }, ["1"])).missing, []);
});

test("untagged manifests go where that is asked for; what a tag leads to stays", async (context) => {
  const setting = await scratchStorage(context);
  const { metadata } = setting.storage;
  const blob = await pushBlob(setting, "a", "layer");
  const put = async (note: string, more: { manifests?: readonly Digest[]; subject?: Digest }, tags: readonly string[] = []): Promise<Digest> =>
    (await putManifest(setting, "a", { blobs: more.manifests ? [] : [blob], note, ...more }, tags)).digest;
  const child = await put("child", {});
  const nested = await put("nested", { manifests: [child] });
  const index = await put("index", { manifests: [nested] }, ["multi"]);
  const image = await put("image", {}, ["1"]);
  const signature = await put("signature", { subject: image });
  const ofChild = await put("sbom", { subject: child });
  const subjectOfTagged = await put("subject", {});
  const tagged = await put("tagged referrer", { subject: subjectOfTagged }, ["note"]);
  const loose = await put("loose", {});
  const lost = await put("lost signature", { subject: loose });
  setting.later(LONG);
  assert.equal((await setting.collect()).manifests, 0);
  assert.equal((await setting.collect(true)).manifests, 2);
  const there = async (): Promise<boolean[]> => Promise.all([child, nested, index, image, signature, ofChild, subjectOfTagged, tagged, loose, lost].map((digest) => metadata.hasManifest("a", digest)));
  assert.deepEqual(await there(), [true, true, true, true, true, true, true, true, false, false]);

  await metadata.deleteTag("a", "multi", actor);
  await put("image 2", {}, ["1"]);
  await setting.collect(true);
  assert.deepEqual((await there()).slice(0, 5), [true, true, true, true, true], "a tag named them a moment ago");
  setting.later(LONG);
  await setting.collect(true);
  assert.deepEqual((await there()).slice(0, 6), [false, false, false, false, false, false]);
});

test("a manifest that was found by its digest can be tagged, or named in an index, for the grace time", async (context) => {
  const setting = await scratchStorage(context);
  const blob = await pushBlob(setting, "a", "layer");
  const { digest } = await putManifest(setting, "a", { blobs: [blob] }, []);
  setting.later(LONG);
  await setting.storage.metadata.leaseManifest("a", digest);
  await setting.collect(true);
  assert.deepEqual((await putManifest(setting, "a", { manifests: [digest] }, ["all"])).missing, []);
});

test("bytes without a record go, unless they are new", async (context) => {
  const setting = await scratchStorage(context);
  const digest = digestBytes(Buffer.from("crash"), "sha256");
  writeFileSync(join(setting.root, "blobs/sha256", digestHex(digest)), "crash");
  await setting.collect();
  assert.deepEqual(await stored(setting), [digest]);
  setting.later(LONG);
  assert.deepEqual(await setting.collect(), { manifests: 0, blobs: 1, bytes: 5, repositories: 0 });
  assert.deepEqual(await stored(setting), []);
  await pushBlob(setting, "a", "crash");
  assert.deepEqual(await stored(setting), [digest], "and can be pushed afterwards");
});

test("collections beside pushes, in any order of their steps: no named blob is lost, and afterwards nothing else is there", async (context) => {
  await collectionRaces(await scratchStorage(context), { runs: Number(process.env["SAMPAN_INTERLEAVINGS"] ?? 150) });
});
