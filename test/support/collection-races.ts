import assert from "node:assert/strict";
import fc, { type Scheduler } from "fast-check";
import { digestBytes, type Digest } from "../../src/oci/digest.ts";
import { collectGarbage } from "../../src/server/keep/collect-garbage.ts";
import { actor, GRACE, LONG, pushBlob, putManifest, stored, type Setting } from "./kept-storage.ts";

/** Clients and collectors whose steps come in any order: no blob that an image names is lost, and nothing else stays. */
export async function collectionRaces(setting: Setting, { runs }: { runs: number }): Promise<void> {
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
    { numRuns: runs },
  );
}
