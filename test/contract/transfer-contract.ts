import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Metadata } from "../../src/server/storage/metadata.ts";
import { openSqliteMetadata } from "../../src/server/storage/sqlite/open-sqlite-metadata.ts";
import { moveRecords } from "../../src/server/storage/upkeep/move-records.ts";
import { actor, digestOf, pushImage } from "./contract-content.ts";

/** What every driver of {@link Metadata} has to hold of moving records to another one and back. */
export function transferContract(driver: string, place: (context: TestContext) => { open(): Promise<Metadata> }): void {
  test(`${driver}: records move to another driver and back as they are, and only where there are none`, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), "sampan-transfer-"));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const open = (name: string): Promise<Metadata> => openSqliteMetadata(join(folder, name), { lease: 60_000, report: (problem) => assert.fail(problem) });
    await using origin = await open("origin.db");
    await using metadata = await place(context).open();
    await using returned = await open("returned.db");

    const image = await pushImage(origin, "app", "one", ["v1", "v2"], { annotations: { what: "ünïcode" } });
    await pushImage(origin, "team/tool", "two", ["latest"]);
    await origin.discardTag("app", { tag: "v2", digest: image.digest }, { actor, reason: "a test", keepFor: 60_000 });
    for (const name of ["first", "last"]) await origin.createSecret({ kind: "robot", owner: "", name, hash: digestOf(name), scope: undefined, expiresAt: undefined }, actor);
    await origin.createSecret({ kind: "token", owner: "alice", name: "laptop", hash: digestOf("laptop"), scope: undefined, expiresAt: undefined, person: "alice" }, actor);
    await origin.deleteSecret({ kind: "robot", owner: "", name: "last" }, actor);
    await origin.cursor("a reader");

    const seen = async (records: Metadata): Promise<unknown> => ({
      tags: await records.tagDetails("app", {}), facts: await records.tagFacts("team/tool"), trash: await records.discarded(), robots: await records.secrets("robot"), tokens: await records.secrets("token"),
      events: await records.events({ after: 0, limit: 1000 }), blobs: await records.blobs({}), cursor: await records.cursor("a reader"), broken: await records.brokenReferences("app"),
      bytes: Buffer.from((await records.manifest("app", "v1"))!.bytes).toString(),
    });
    const before = await seen(origin);
    const source = await origin.registryId();
    assert.equal(await metadata.beginFilling(source, "a place"), undefined);
    assert.equal(await metadata.filledFrom(), source);
    const moved = await moveRecords(origin, metadata);
    assert.deepEqual([moved["tags"], moved["secrets"], moved["trash"]], [2, 2, 1]);
    // An attempt that ended early is begun again; one of another registry is not.
    assert.match((await metadata.beginFilling("another", "a place"))!, /unfinished migration of another registry/);
    assert.equal(await metadata.beginFilling(source, "a place"), undefined);
    await moveRecords(origin, metadata);
    await metadata.endFilling();
    assert.equal(await metadata.filledFrom(), undefined);
    for (const asked of [await metadata.fillingProblem(source, "a place"), await metadata.beginFilling(source, "a place")]) assert.match(asked!, /those of a registry already/);
    assert.deepEqual(await seen(metadata), before);
    assert.equal((await metadata.createSecret({ kind: "robot", owner: "", name: "new", hash: digestOf("new"), scope: undefined, expiresAt: undefined }, actor))!.id, 4, "an id is never used twice");
    await metadata.deleteSecret({ kind: "robot", owner: "", name: "new" }, actor);

    assert.equal(await returned.beginFilling(await metadata.registryId(), "a place"), undefined);
    // What others write meanwhile is not in it.
    const snapshot = await metadata.snapshot();
    await pushImage(metadata, "late", "three", ["v1"]);
    await moveRecords({ snapshot: async () => snapshot }, returned);
    await returned.endFilling();
    assert.deepEqual([await returned.tags("late", {}), (await returned.repositories({})).items], [undefined, ["app", "team/tool"]]);
    const { events: _changed, ...rest } = (await seen(returned)) as Record<string, unknown>;
    const { events: _before, ...wanted } = before as Record<string, unknown>;
    assert.deepEqual(rest, wanted);
  });
}
