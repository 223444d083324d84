import assert from "node:assert/strict";
import { test } from "node:test";
import { actor, LONG, putManifest, scratchStorage } from "../../../test/support/kept-storage.ts";

test("the end of a deleted tag takes nothing away from images that stay", async (context) => {
  const setting = await scratchStorage(context);
  const { metadata } = setting.storage;
  const put = async (note: string, named: Parameters<typeof putManifest>[2], tags: readonly string[] = []) => (await putManifest(setting, "a", { note, ...named }, tags)).digest;
  const [shared, own] = [await put("shared", {}), await put("own", {})];
  const sbom = await put("sbom of shared", { subject: shared });
  const index = await put("index", { manifests: [shared, own] }, ["v1"]);
  const pinned = await put("pinned by digest", { manifests: [shared] });
  const signature = await put("signature", { subject: index });
  const ofPinned = await put("signature of what is pinned", { subject: pinned }, ["note"]);
  for (const [tag, digest] of [["v1", index], ["note", ofPinned]] as const) await metadata.discardTag("a", { tag, digest }, { actor, reason: "a rule", keepFor: 0 });
  setting.later(LONG);
  await setting.collect(false);
  const there = async (): Promise<boolean[]> => Promise.all([shared, sbom, pinned, ofPinned, own, index, signature].map((digest) => metadata.hasManifest("a", digest)));
  assert.deepEqual(await there(), [true, true, true, true, false, false, false]);
  assert.deepEqual(await metadata.brokenReferences("a"), []);
});

test("a pull by the digest that a tag names is a pull of the tag", async (context) => {
  const setting = await scratchStorage(context);
  const { metadata } = setting.storage;
  const { digest } = await putManifest(setting, "a", { note: "image" }, ["1"]);
  assert.equal((await metadata.tagFacts("a"))[0]?.pulledAt, undefined);
  setting.later(LONG);
  metadata.notePull("a", { digest });
  for (let turn = 0; (await metadata.tagFacts("a"))[0]?.pulledAt !== Date.now(); turn += 1) {
    assert.ok(turn < 300, "the pull was not written in 30 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});
