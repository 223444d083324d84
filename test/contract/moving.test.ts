import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readConfig } from "../../src/server/config/read-config.ts";
import { readLayout } from "../../src/server/storage/layout.ts";
import { openS3Storage } from "../../src/server/storage/open-s3-storage.ts";
import { checkRegistry } from "../../src/server/storage/upkeep/check-registry.ts";
import { openBeside, openRecordsBeside } from "../../src/server/storage/upkeep/open-beside.ts";
import { migrateRegistry } from "../../src/server/storage/upkeep/migrate-registry.ts";
import type { RegistryPlace } from "../../src/server/storage/upkeep/open-migration-target.ts";
import { isFault } from "../../src/std/fault.ts";
import { moveInChild } from "../support/move-in-child.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { noS3, S3_LOGIN, startS3Server } from "../support/s3-server.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";
import { seededRandom } from "../support/seeded-random.ts";

/** More of them: SAMPAN_KILLS=20 npm test -- contract/moving */
const ROUNDS = Number(process.env["SAMPAN_KILLS"] ?? 2);
const IMAGES = 8;
const report = (problem: Error): never => assert.fail(problem);
const LOG = '{"id":1}\n';

/** A registry with some images, and with an archive of its log; as a killed server leaves it. */
async function source(context: TestContext, about: string): Promise<{ folder: string; root: string }> {
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "sampan-moves-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const registry = await scratchRegistry(context);
  for (let count = 0; count < IMAGES; count += 1) await registry.pushImage("app", `${about}${count}`, `${about} ${count}`.repeat(3000));
  const root = join(folder, about);
  cpSync(registry.root, root, { recursive: true, filter: (path) => !path.endsWith("/lock") });
  mkdirSync(join(root, "audit"));
  writeFileSync(join(root, "audit/events-2024-01.jsonl"), LOG);
  return { folder, root };
}

const tagsOf = (about: string): string[] => Array.from({ length: IMAGES }, (_, count) => `${about}${count}`).sort();

/** What the place is for servers and commands: nothing yet, not whole, or a registry with these tags. */
async function found({ root, records }: Omit<RegistryPlace, "archive">): Promise<"nothing" | "unfinished" | readonly string[]> {
  try {
    if (!existsSync(root) || !readLayout(root)) return "nothing";
    await using metadata = await openRecordsBeside(root, { lease: 0, records, report });
    return (await metadata.tags("app", {}))!.items;
  } catch (error) {
    if (isFault(error, "SERVER_MIGRATION_UNFINISHED") || isFault(error, "SERVER_COPY_UNFINISHED")) return "unfinished";
    throw error;
  }
}

/** @param settled for how long bytes may belong to nothing, as those of a registry that was replaced */
async function assertWhole(place: RegistryPlace, tags: readonly string[], settled = -1): Promise<void> {
  assert.deepEqual(await found(place), tags);
  await using opened = await openBeside(place.root, { ...place, lease: 0, report });
  await checkRegistry(opened, { repair: false, quick: false, settled, onProblem: ({ what }) => assert.fail(what) });
  assert.equal(readFileSync(join(place.root, "audit/events-2024-01.jsonl"), "utf8"), LOG);
}

const skip = postgresMissing !== false ? postgresMissing : noS3;
/** One server for all tests of the file. */
const postgres = skip === false ? await startPostgres() : undefined;

/** A registry that is to be moved, and places with records in PostgreSQL and blobs in a bucket, or in the folder without `prefix`. */
async function places(context: TestContext) {
  const [{ database }, s3, { folder, root }] = [postgres!, await startS3Server(context), await source(context, "v")];
  const configFile = join(folder, "registry.yaml");
  const placeAt = (name: string, { url, prefix, bucket = "caches" }: { url: string; prefix?: string; bucket?: string }): RegistryPlace => {
    const s3Of = { s3: { bucket, endpoint: `http://${s3.host}`, region: "eu-central-1", prefix: prefix ?? "" } };
    const { storage, metadata } = readConfig(JSON.stringify({ metadata: { postgres: { url } }, ...(prefix === undefined ? {} : { storage: s3Of }) }), configFile);
    return {
      root: join(folder, name), archive: join(folder, name, "audit"), records: { config: metadata.postgres!, configFile },
      bucket: storage.s3 && { config: storage.s3, configFile, environment: S3_LOGIN },
    };
  };
  return { folder, from: { root, archive: join(root, "audit") }, s3, placeAt, database: async () => (await database()).url };
}

test("a place that is refused is left as it was, and what belongs to another registry is refused though it is empty", { skip }, async (context) => {
  const { folder, from, s3, placeAt, database } = await places(context);
  const url = await database();
  const moveTo = (to: RegistryPlace) => migrateRegistry(from, to, { blobsOnly: true, online: false, copy: true, report, onBlob: () => undefined });
  mkdirSync(join(s3.folder, "theirs/objects"), { recursive: true });
  writeFileSync(join(s3.folder, "theirs/objects/something"), "else");
  mkdirSync(join(s3.folder, "another"));
  writeFileSync(join(s3.folder, "another/registry.json"), '{"sampanRegistry":"another"}');
  // A mistake in the configuration, put right, does no harm: neither folder, nor bucket, nor database remember the first attempt.
  await assert.rejects(moveTo(placeAt("target", { url, prefix: "v/", bucket: "cahces" })), /no such bucket/);
  await assert.rejects(moveTo(placeAt("target", { url, prefix: "theirs/" })), /there are objects in its bucket already, such as theirs\/objects\/something/);
  await assert.rejects(moveTo(placeAt("target", { url, prefix: "another/" })), /holds the blobs of another registry/);
  assert.deepEqual([existsSync(join(folder, "target")), readdirSync(join(s3.folder, "theirs"))], [false, ["objects"]]);
  const place = placeAt("target", { url, prefix: "v/" });
  assert.equal((await moveTo(place)).copied, 2 * IMAGES);
  await assert.rejects(moveTo(placeAt("other", { url, prefix: "w/" })), /the migration that its database is filled by has its blobs in s3:\/\/caches\/v\//);
  assert.deepEqual([existsSync(join(folder, "other")), existsSync(join(s3.folder, "w"))], [false, false]);
  assert.equal((await moveTo(place)).present, 2 * IMAGES);
  // So does a first start of a server with a wrong bucket.
  const second = await database();
  const serve = ({ root, records, bucket }: RegistryPlace) => openS3Storage(root, bucket!.config, { ...bucket!, records, uploadExpiry: 1000, uploads: 10, blobLease: 0, report });
  await assert.rejects(serve(placeAt("served", { url: second, prefix: "x/", bucket: "cahces" })), /no such bucket/);
  await assert.rejects(serve(placeAt("served", { url: second, prefix: "another/" })), /holds the blobs of another registry/);
  await (await serve(placeAt("served", { url: second, prefix: "x/" })))[Symbol.asyncDispose]();
  await assert.rejects(moveTo(placeAt("new", { url: second, prefix: "x/" })), /its database is that of another registry, which has nothing in it yet and its blobs in s3:\/\/caches\/x\//);
  await assert.rejects(moveTo(placeAt("served", { url: second, prefix: "x/" })), /it is a registry already/);
});

test("a migration that has lost its lock to somebody else writes nothing more", { skip }, async (context) => {
  const { from, placeAt } = await places(context);
  const { url, name } = await postgres!.database();
  const place = placeAt("target", { url });
  let blobs = 0;
  const onBlob = (): void => {
    if ((blobs += 1) === 1) postgres!.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())", name);
  };
  const move = () => migrateRegistry(from, place, { blobsOnly: false, online: false, copy: true, report, onBlob });
  await assert.rejects(move(), (problem) => isFault(problem, "SERVER_DATABASE_LOST") && /kept others away/.test(problem.message));
  assert.deepEqual([await found(place), postgres!.query("SELECT count(*) FROM sampan_registry.tags", name).trim()], ["unfinished", "0"]);
  await move();
  await assertWhole(place, tagsOf("v"));
});

test(`a migration killed at ${ROUNDS} random points leaves nothing that is served, and ends whole when it is given again`, { skip }, async (context) => {
  const { from, s3, placeAt, database } = await places(context);
  const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 6));
  let count = 0;
  const newPlace = async (): Promise<RegistryPlace> => placeAt(`target${(count += 1)}`, { url: await database(), prefix: `${count}/` });
  const objects = (): string[] => (existsSync(join(s3.folder, `${count}/objects`)) ? readdirSync(join(s3.folder, `${count}/objects`)) : []);
  let place = await newPlace();
  const { took } = await moveInChild({ from, to: place });
  await assertWhole(place, tagsOf("v"));
  let kills = 0;
  for (place = await newPlace(); kills < ROUNDS; ) {
    const { ended } = await moveInChild({ from, to: place }, random.below(Math.ceil(took)));
    const now = await found(place);
    if (now === "nothing") assert.deepEqual(objects(), []);
    kills += ended ? 0 : 1;
    if (ended || Array.isArray(now)) {
      await assertWhole(place, tagsOf("v"));
      place = await newPlace();
    }
  }
  await moveInChild({ from, to: place });
  await assertWhole(place, tagsOf("v"));
  context.diagnostic(`${kills} kills of moves that take ${Math.round(took)} ms, into ${count} places`);
});

test(`a backup or restore killed at ${ROUNDS} random points leaves the registry of before, the new one, or one that is not served`, async (context) => {
  const [{ folder, root }, old] = [await source(context, "new"), await source(context, "old")];
  const random = seededRandom(Number(process.env["SAMPAN_SEED"] ?? 6));
  const { took } = await moveInChild({ from: root, to: join(folder, "first"), replace: false });
  for (const replace of [false, true]) {
    const target = join(folder, `target ${replace}`);
    if (replace) cpSync(old.root, target, { recursive: true });
    for (let kills = 0; kills < ROUNDS; kills += 1) {
      const { ended } = await moveInChild({ from: root, to: target, replace }, random.below(Math.ceil(took)));
      const now = await found({ root: target });
      if (Array.isArray(now)) assert.ok([tagsOf("new"), ...(replace ? [tagsOf("old")] : [])].some((tags) => `${tags}` === `${now}`), `${now}`);
      else assert.ok(!replace && !ended, "the registry of before is gone");
      if (Array.isArray(now) && !replace) rmSync(target, { recursive: true });
    }
    await moveInChild({ from: root, to: target, replace });
    await assertWhole({ root: target, archive: "" }, tagsOf("new"), replace ? 3_600_000 : -1);
  }
});
