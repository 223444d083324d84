import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Limit } from "../../src/server/storage/limits.ts";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import { RegistryError } from "../../src/server/terms/registry-error.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { actor, digestOf, manifestOf, put } from "./contract-content.ts";
import type { MetadataPlace } from "./metadata-contract.ts";

const BYTES = 1000;
const TAGS = 5;

const over = (limit: number) => (used: number, added: number): void => {
  if (used + added > limit) throw new RegistryError("DENIED", `${used} and ${added} of ${limit}`);
};
const team: Limit = { name: "team", patterns: ["team/**"], covers: (name) => name.startsWith("team/"), demandBytes: over(BYTES), demandTags: undefined };
const tags: Limit = { name: "tags", patterns: ["team/**"], covers: (name) => name.startsWith("team/"), demandBytes: undefined, demandTags: over(TAGS) };
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

const refused = async (work: Promise<unknown>): Promise<boolean> => !(await letIn(work));

/** Limits are kept by changes at the same time, of two processes as of one. */
export function limitsContract(driver: string, place: (context: TestContext) => MetadataPlace, { rounds }: { rounds: number }): void {
  test(`${driver}: changes of two processes at once do not get past a limit together, and nothing of a refused one stays`, async (context) => {
    const here = place(context);
    await using one = await here.open();
    await using two = await here.open();
    const both = [one, two] as const;
    const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 7));
    for (let round = 0; round < 6; round += 1) {
      const name = `team/${round}`;
      const { bytes: before } = await one.usage(team);
      const blobs = Array.from({ length: 12 }, (_, index) => ({ digest: digestOf(`${round} ${index % 10}`), size: 20 + (index % 10) * 11 }));
      const taken = await Promise.all(blobs.map((blob, index) => letIn(both[random.below(2)]!.addBlob(`${name}-${index % 3}`, blob, actor, limits))));
      const stored = new Map(blobs.filter((_, index) => taken[index]).map(({ digest, size }) => [digest, size]));
      const { bytes } = await two.usage(team);
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
    assert.deepEqual([tagged.filter(Boolean).length, (await one.usage(tags)).tags], [TAGS, TAGS]);
    const [has] = (await one.tags("team/0", {}))!.items;
    await put(one, "elsewhere", manifestOf({ about: "elsewhere" }), ["more"]);
    assert.ok(await letIn(two.putManifest("team/0", manifestOf({ about: "moved" }), { tags: [has!], references: { blobs: [], manifests: [] }, sparse: "nothing", actor, limits })), "a tag that moves needs no room");
  });

  test(`${driver}: sums are what is there, whatever is added and taken away, refused, at the same time, or changed by another process`, async (context) => {
    const here = place(context);
    await using one = await here.open({ lease: 0 });
    await using two = await here.open({ lease: 0 });
    const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 5));
    const limits: readonly Limit[] = [
      { name: "a", patterns: ["a/**"], covers: (name) => name.startsWith("a/"), demandBytes: over(900), demandTags: over(6) },
      { name: "all", patterns: ["**"], covers: () => true, demandBytes: over(1500), demandTags: over(9) },
    ];
    const [repositories, seen] = [["a/1", "a/2", "b/1"], new Set<string>()];
    const limitsOf = (repository: string): readonly Limit[] => limits.filter(({ covers }) => covers(repository));
    const pick = (): string => repositories[random.below(repositories.length)]!;
    const blob = () => { const about = random.below(25); return { digest: digestOf(`blob ${about}`), size: 20 + 7 * about }; };
    const limited = <Result>(work: (repository: string, of: readonly Limit[]) => Result): Result => {
      const repository = pick();
      return work(repository, limitsOf(repository));
    };
    const put = (records: Metadata, tag: string) =>
      limited((repository, of) => records.putManifest(repository, manifestOf({ about: random.below(6) }), { tags: [tag], references: { blobs: [], manifests: [] }, sparse: "nothing", actor, limits: of }));
    const works: Readonly<Record<string, (records: Metadata) => Promise<unknown>>> = {
      push: (records) => limited((repository, of) => records.addBlob(repository, blob(), actor, of)),
      pushUnlimited: (records) => records.addBlob(pick(), blob(), actor),
      mount: (records) => limited((repository, of) => records.mountBlob(repository, blob().digest, { actor, limits: of })),
      unlink: (records) => records.unlinkBlob(pick(), blob().digest, actor),
      import: (records) => records.importRepository({ name: pick(), blobs: [{ ...blob(), at: 1 }], manifests: [], tags: [] }, actor),
      tag: (records) => put(records, `t${random.below(8)}`),
      untag: (records) => records.deleteTag(pick(), `t${random.below(8)}`, actor),
      collect: (records) => records.collectLinks(pick(), { before: Date.now() + 1000, limit: 1, actor }),
      collectBlobs: async (records) => { for (const { digest } of await records.collectBlobs({ limit: 5 })) await records.forgetBlob(digest, () => undefined); },
      discard: async (records) => {
        const [repository, tag] = [pick(), `t${random.below(8)}`];
        const digest = (await records.manifest(repository, tag))?.digest;
        if (digest) await records.discardTag(repository, { tag, digest }, { actor, reason: "", keepFor: 60_000 });
      },
      restore: (records) => records.restoreTag(pick(), `t${random.below(8)}`, actor),
    };
    const compare = async (when: string): Promise<void> => {
      for (const { name: limit, covers } of limits) {
        const { digest } = blob();
        // No sum is kept by this function.
        const fresh = await two.usage({ covers: (repository) => covers(repository) }, digest);
        const { bytes, tags, has, largest } = await one.usage({ name: limit, covers }, digest);
        assert.ok(largest >= fresh.largest, `${limit}: ${largest} of ${fresh.largest}`);
        assert.deepEqual({ bytes, tags, has }, { bytes: fresh.bytes, tags: fresh.tags, has: fresh.has }, `${limit} after ${when}`);
      }
    };
    const names = Object.keys(works);
    const wanted = ["push refused", "tag refused", "mount refused"];
    // What is done at the same time comes in another order each time, so that some of it may take longer to come up.
    for (let round = 0; round < rounds || (round < 5 * rounds && !wanted.every((one) => seen.has(one))); round += 1) {
      const chosen = Array.from({ length: round % 5 === 4 ? 8 : 1 }, () => names[random.below(names.length)]!);
      await Promise.all(chosen.map(async (name) => {
        if (await refused(works[name]!(random.below(6) === 0 ? two : one))) seen.add(`${name} refused`);
      }));
      await compare(`${chosen.join(", ")} in round ${round}`);
    }
    assert.deepEqual(await two.wrongSums({ mend: false }), []);
    assert.deepEqual(wanted.filter((one) => !seen.has(one)), []);
  });
}
