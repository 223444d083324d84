import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { ReplicationRule } from "../config/replication-section.ts";
import type { Incident } from "../storage/incidents.ts";
import type { Metadata } from "../storage/metadata.ts";
import { openSqliteMetadata } from "../storage/sqlite/open-sqlite-metadata.ts";
import { confirmDeletions, deletionsHeld, holdDeletions } from "./deletion-hold.ts";
import { replicatedMark } from "./replicated-mark.ts";

const rule = { to: "https://backup.example.com", repositories: ["app"], delete: true } as unknown as ReplicationRule;
const actor = { user: "alice", address: undefined, agent: undefined };

async function folderOf(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "sampan-hold-"));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "temporary"));
  const records = await openSqliteMetadata(join(folder, "registry.db"), { lease: 0, report: assert.fail });
  context.after(() => records[Symbol.asyncDispose]());
  /** A server that starts: whether it holds, and its mark. */
  const start = async (place: string, metadata: Metadata = records): Promise<{ held: boolean; mark: ReturnType<typeof replicatedMark> }> => {
    const mark = replicatedMark(folder, assert.fail);
    const told: Error[] = [];
    await holdDeletions({ ...metadata, place: async () => place }, [rule], { mark, report: (problem) => void told.push(problem) });
    const held = await deletionsHeld(metadata, rule);
    assert.equal(told.length > 0, held);
    await confirmDeletions(metadata, rule);
    return { held, mark };
  };
  const change = (tag: string) => records.logIncidents([{ action: "tag.create", repository: "app", tag, actor, detail: {} } as unknown as Incident]);
  return { folder, records, start, change };
}

test("records that lie where they lay are held back only when they have lost what was replicated", async (context) => {
  const { folder, records, start, change } = await folderOf(context);
  await change("v1");
  const { held, mark } = await start("file 10 1000");
  assert.equal(held, false);
  await mark.moveToEnd(records);
  await records.logIncidents([{ action: "login.fail", repository: "", actor, detail: {} }]);
  await mark.moveToEnd(records);
  assert.equal((await start("file 10 1000")).held, false, "nothing happened");
  assert.equal((await start("file 99 1000")).held, false, "a file system that numbers its files anew");
  assert.equal((await start("file 99 2000")).held, true, "a copy that got the number of the file that was removed for it");
  assert.equal((await start("file 99 0")).held, false, "a file system without times of birth");
  assert.equal((await start("file 99 2000")).held, false);
  assert.equal((await start("file 11 3000")).held, true, "a copy");
  assert.equal((await start("file 11 3000")).held, false, "it was confirmed");

  await change("v2");
  await (await start("file 11 3000")).mark.moveToEnd(records);
  await records.forgetEvents(Number.MAX_SAFE_INTEGER);
  await change("v3");
  assert.equal((await start("file 11 3000")).held, false, "the change is in the archive");

  const mine = await folderOf(context);
  for (const tag of ["v1", "v2", "v3"]) await mine.change(tag);
  await records.setNote("replication place", "file 11 3000");
  await mine.records.setNote("replication place", "file 11 3000");
  await change("v4");
  await (await start("file 11 3000")).mark.moveToEnd(records);
  assert.equal((await start("file 11 3000", mine.records)).held, true, "they know of fewer changes");
  await mine.change("another v4");
  await mine.change("v5");
  writeFileSync(join(folder, "replicated.json"), '{"event":4,"change":"of before"}\n');
  assert.equal((await start("file 11 3000", mine.records)).held, true, "they know of another change by that number");
  writeFileSync(join(folder, "replicated.json"), "{");
  assert.equal((await start("file 11 3000", mine.records)).held, true, "nothing can be said of them");
  const last = await start("file 11 3000", mine.records);
  assert.equal(last.held, false);
  const written = readFileSync(join(folder, "replicated.json"), "utf8");
  await last.mark.moveTo((await mine.records.events({ after: 0, limit: 100 })).slice(0, 1));
  assert.equal(readFileSync(join(folder, "replicated.json"), "utf8"), written, "a cursor that is behind takes nothing back");
});
