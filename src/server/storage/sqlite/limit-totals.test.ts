import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { actor, digestOf, manifestOf } from "../../../../test/contract/contract-content.ts";
import { seededRandom } from "../../../../test/support/seeded-random.ts";
import { RegistryError } from "../../terms/registry-error.ts";
import type { Limit } from "../limits.ts";
import type { Metadata } from "../metadata.ts";
import { openSqliteMetadata } from "./open-sqlite-metadata.ts";

async function place(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-totals-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return async (): Promise<Metadata> => {
    const records = await openSqliteMetadata(join(folder, "registry.db"), { lease: 0, report: assert.fail });
    context.after(() => records[Symbol.asyncDispose]());
    return records;
  };
}

const over = (limit: number) => (used: number, added: number): void => {
  if (used + added > limit) throw new RegistryError("DENIED", "full");
};
const refused = async (work: Promise<unknown>): Promise<boolean> => work.then(() => false, (error: unknown) => {
  if (error instanceof RegistryError && error.code === "DENIED") return true;
  throw error;
});

test("the sum of a limit is taken once, and neither for each push nor for each refusal", async (context) => {
  const records = await (await place(context))();
  for (let count = 0; count < 50; count += 1) await records.addBlob(`team/${count}`, { digest: digestOf(`of ${count}`), size: 10 }, actor);
  let asked = 0;
  const limit: Limit = { name: "team", covers: (name) => ((asked += 1), name.startsWith("team/")), demandBytes: over(600), demandTags: undefined };
  const push = (about: string) => refused(records.addBlob("team/new", { digest: digestOf(about), size: 10 }, actor, [limit]));
  const outcomes: boolean[] = [];
  for (let count = 0; count < 20; count += 1) outcomes.push(await push(`pushed ${count}`));
  assert.deepEqual(outcomes, Array.from({ length: 20 }, (_, count) => count >= 10));
  assert.ok(asked < 150, `${asked} names were compared`);
  // What was taken away makes room at once.
  await records.unlinkBlob("team/3", digestOf("of 3"), actor);
  assert.deepEqual([await push("once more"), await push("and again")], [false, true]);
});

test("sums are what is there, whatever is added and taken away, refused, or changed by another process", async (context) => {
  const open = await place(context);
  const [one, two] = [await open(), await open()];
  const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 5));
  const limits: readonly Limit[] = [
    { name: "a", covers: (name) => name.startsWith("a/"), demandBytes: over(900), demandTags: over(6) },
    { name: "all", covers: () => true, demandBytes: over(1500), demandTags: over(9) },
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
  for (let round = 0; round < 600; round += 1) {
    const [name, work] = Object.entries(works)[random.below(Object.keys(works).length)]!;
    const records = random.below(6) === 0 ? two : one;
    if (await refused(work(records))) seen.add(`${name} refused`);
    // The other process keeps no sum by this function.
    for (const { name: limit, covers } of limits) {
      const { digest } = blob();
      const fresh = await two.usage((repository) => covers(repository), digest);
      const { bytes, tags, has, largest } = await one.usage(covers, digest);
      assert.ok(largest >= fresh.largest, `${limit}: ${largest} of ${fresh.largest}`);
      assert.deepEqual({ bytes, tags, has }, { bytes: fresh.bytes, tags: fresh.tags, has: fresh.has }, `${limit} after ${name} in round ${round}`);
    }
  }
  assert.ok(seen.has("push refused") && seen.has("tag refused") && seen.has("mount refused"), [...seen].join());
});
