import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc, { type Scheduler } from "fast-check";
import { actor, GRACE, LONG, pushBlob, putManifest, scratchStorage, stored } from "../../../test/support/kept-storage.ts";
import { digestBytes, digestHex, type Digest } from "../../oci/digest.ts";
import { collectGarbage, COLLECTOR } from "./collect-garbage.ts";

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
  const setting = await scratchStorage(context);
  const { storage } = setting;
  let round = 0;
  const contents = ["one", "two", "three"];
  const repositories = ["a", "b"];
  const push = fc.record({
    repository: fc.constantFrom(...repositories),
    tag: fc.constantFrom("x", "y"),
    contents: fc.uniqueArray(fc.constantFrom(...contents), { minLength: 1 }),
    then: fc.constantFrom("keep", "delete tag", "delete manifest", "delete blobs"),
  });

  /** Waits for its turn before every call. */
  const inTurns = <Target extends object>(schedule: Scheduler, target: Target, name: string): Target =>
    new Proxy(target, {
      get(object, key) {
        const value = Reflect.get(object, key) as unknown;
        if (typeof value !== "function" || key === "list") return value;
        return async (...words: unknown[]) => {
          await schedule.schedule(Promise.resolve(), `${name}.${String(key)}`);
          return (value as (...words: unknown[]) => unknown).apply(object, words);
        };
      },
    });

  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(push, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 3 }), async (schedule, pushes, collections) => {
      round += 1;
      // Each round has repositories of its own, and begins with leftovers of the one before: their leases are over.
      setting.later(LONG);
      const named = (repository: string): string => `${repository}/${round}`;
      const turn = (label: string): Promise<void> => schedule.schedule(Promise.resolve(), label);
      const client = async ({ repository, tag, contents: wanted, then }: (typeof pushes)[number], index: number): Promise<void> => {
        const name = named(repository);
        const blobs: Digest[] = [];
        for (const content of wanted) {
          const digest = digestBytes(Buffer.from(content), "sha256");
          await turn(`client ${index} looks for ${content}`);
          const found = (await storage.metadata.leaseBlob(name, digest)) !== undefined && (await storage.blobs.size(digest)) !== undefined;
          if (!found) {
            await turn(`client ${index} mounts ${content}`);
            const mounted = await storage.metadata.mountBlob(name, digest, { actor });
            if (!mounted) {
              await turn(`client ${index} uploads ${content}`);
              await pushBlob(setting, name, content);
            }
          }
          blobs.push(digest);
        }
        await turn(`client ${index} puts its manifest`);
        const { digest, missing } = await putManifest(setting, name, { blobs, note: `${round} ${index}` }, [tag]);
        // Another client may have taken blobs away by its own request; the collector may not.
        if (pushes.every((other) => other.then !== "delete blobs" || other.repository !== repository)) assert.deepEqual(missing, [], `client ${index}`);
        if (then === "keep") return;
        await turn(`client ${index}: ${then}`);
        if (then === "delete tag") await storage.metadata.deleteTag(name, tag, actor);
        else if (then === "delete manifest") await storage.metadata.deleteManifest(name, digest, actor);
        else for (const blob of blobs) await storage.dropBlob(name, blob, actor);
      };
      const collector = async (untagged: boolean): Promise<void> => {
        await collectGarbage({ blobs: inTurns(schedule, storage.blobs, "blobs"), metadata: inTurns(schedule, storage.metadata, "metadata"), arriving: storage.arriving }, { grace: GRACE, untagged });
      };
      await schedule.waitFor(Promise.all([...pushes.map(client), ...Array.from({ length: collections }, (_, index) => collector(index % 2 === 0))]));

      const check = async (): Promise<Set<Digest>> => {
        const alive = new Set<Digest>();
        for (const repository of repositories.map(named)) {
          for (const tag of (await storage.metadata.tags(repository, {}))?.items ?? []) {
            const manifest = await storage.metadata.manifest(repository, tag);
            assert.ok(manifest, `${repository}:${tag} has lost its manifest`);
            for (const blob of (JSON.parse(Buffer.from(manifest.bytes).toString()) as { blobs: Digest[] }).blobs) {
              if (pushes.some((other) => other.then === "delete blobs" && named(other.repository) === repository)) continue;
              assert.notEqual(await storage.metadata.blobSize(repository, blob), undefined, `${repository}:${tag} has lost the record of ${blob}`);
              assert.notEqual(await storage.blobs.size(blob, { fresh: true }), undefined, `${repository}:${tag} has lost the bytes of ${blob}`);
              alive.add(blob);
            }
          }
        }
        return alive;
      };
      await check();
      setting.later(LONG);
      await setting.collect(true);
      const alive = await check();
      for (const digest of await stored(setting)) if (!alive.has(digest)) assert.ok(pushes.some(({ then }) => then === "delete blobs"), `${digest} is left over`);
      for (const repository of repositories.map(named)) {
        for (const tag of (await storage.metadata.tags(repository, {}))?.items ?? []) await storage.metadata.deleteTag(repository, tag, actor);
      }
      setting.later(LONG);
      await setting.collect(true);
      assert.deepEqual(await stored(setting), [], "nothing is left when nothing is tagged");
      assert.deepEqual((await storage.metadata.repositories({})).items, []);
    }),
    { numRuns: Number(process.env["SAMPAN_INTERLEAVINGS"] ?? 150) },
  );
});
