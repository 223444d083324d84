import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Limit } from "../../src/server/storage/limits.ts";
import { RegistryError } from "../../src/server/terms/registry-error.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { actor, digestOf, manifestOf, put } from "./contract-content.ts";
import type { MetadataPlace } from "./metadata-contract.ts";

const BYTES = 1000;
const TAGS = 5;

const over = (limit: number) => (used: number, added: number): void => {
  if (used + added > limit) throw new RegistryError("DENIED", `${used} and ${added} of ${limit}`);
};
const team: Limit = { name: "team", covers: (name) => name.startsWith("team/"), demandBytes: over(BYTES), demandTags: undefined };
const tags: Limit = { name: "tags", covers: (name) => name.startsWith("team/"), demandBytes: undefined, demandTags: over(TAGS) };
const limits = [team, tags];

/** Whether it was let in; anything but a refusal fails the test. */
async function letIn(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof RegistryError && error.code === "DENIED") return false;
    throw error;
  }
}

/** Limits are kept by changes at the same time, of two processes as of one. */
export function limitsContract(driver: string, place: (context: TestContext) => MetadataPlace): void {
  test(`${driver}: changes of two processes at once do not get past a limit together, and nothing of a refused one stays`, async (context) => {
    const here = place(context);
    await using one = await here.open();
    await using two = await here.open();
    const both = [one, two] as const;
    const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 7));
    for (let round = 0; round < 6; round += 1) {
      const name = `team/${round}`;
      const { bytes: before } = await one.usage(team.covers);
      const blobs = Array.from({ length: 12 }, (_, index) => ({ digest: digestOf(`${round} ${index % 10}`), size: 20 + (index % 10) * 11 }));
      const taken = await Promise.all(blobs.map((blob, index) => letIn(both[random.below(2)]!.addBlob(`${name}-${index % 3}`, blob, actor, limits))));
      const stored = new Map(blobs.filter((_, index) => taken[index]).map(({ digest, size }) => [digest, size]));
      const { bytes } = await two.usage(team.covers);
      assert.ok(bytes <= BYTES, `round ${round}: ${bytes} of ${BYTES}`);
      assert.equal(bytes - before, [...stored.values()].reduce((sum, size) => sum + size, 0));
      for (const [index, { digest, size }] of blobs.entries()) {
        if (taken[index]) continue;
        assert.equal(await one.blobSize(`${name}-${index % 3}`, digest), undefined);
        // What one of the repositories has already needs no room in another.
        if (stored.has(digest)) assert.ok(await letIn(two.mountBlob(`${name}-9`, digest, { actor, limits })));
        else assert.ok(bytes + size > BYTES, `${size} would have had room beside ${bytes}`);
      }
    }

    const manifests = Array.from({ length: 8 }, (_, index) => index);
    const tagged = await Promise.all(manifests.map((index) => {
      const manifest = manifestOf({ about: index });
      return letIn(both[index % 2]!.putManifest(`team/${index % 3}`, manifest, { tags: [`t${index}`], references: { blobs: [], manifests: [] }, sparse: "nothing", actor, limits }));
    }));
    assert.deepEqual([tagged.filter(Boolean).length, (await one.usage(tags.covers)).tags], [TAGS, TAGS]);
    const [has] = (await one.tags("team/0", {}))!.items;
    await put(one, "elsewhere", manifestOf({ about: "elsewhere" }), ["more"]);
    assert.ok(await letIn(two.putManifest("team/0", manifestOf({ about: "moved" }), { tags: [has!], references: { blobs: [], manifests: [] }, sparse: "nothing", actor, limits })), "a tag that moves needs no room");
  });
}
