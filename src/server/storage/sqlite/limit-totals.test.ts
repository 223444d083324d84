import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { actor, digestOf } from "../../../../test/contract/contract-content.ts";
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
  const limit: Limit = { name: "team", patterns: ["team/**"], covers: (name) => ((asked += 1), name.startsWith("team/")), demandBytes: over(600), demandTags: undefined };
  const push = (about: string) => refused(records.addBlob("team/new", { digest: digestOf(about), size: 10 }, actor, [limit]));
  const outcomes: boolean[] = [];
  for (let count = 0; count < 20; count += 1) outcomes.push(await push(`pushed ${count}`));
  assert.deepEqual(outcomes, Array.from({ length: 20 }, (_, count) => count >= 10));
  assert.ok(asked < 150, `${asked} names were compared`);
  // What was taken away makes room at once.
  await records.unlinkBlob("team/3", digestOf("of 3"), actor);
  assert.deepEqual([await push("once more"), await push("and again")], [false, true]);
});
