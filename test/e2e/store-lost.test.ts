import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { tryLock } from "../../src/linux/lock-file.ts";
import { rebuildRecords } from "../../src/store/check/rebuild-records.ts";
import { Database } from "../../src/store/database.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { startJourney, type Journey } from "../support/journey.ts";

interface Kept extends Journey {
  readonly database: string;
  /** The digest of the config of `app:1`. */
  readonly app: string;
  readonly sql: <Row>(statement: string) => Row[];
}

/** A store with an image that is unpacked and packed, one that is an index, and nothing in SQLite's log. */
async function setUp(context: TestContext): Promise<Kept> {
  const journey = await startJourney(context);
  const folder = journey.context("app", { Dockerfile: "FROM base:1\nCOPY one /one\n", one: "1".repeat(5000) });
  await journey.succeeds(["build", "-q", "-t", "app:1", folder]);
  await journey.succeeds(["save", "-o", join(journey.folder, "app.tar"), "app:1"]);
  const database = join(journey.root, "sampan.db");
  const sql: Kept["sql"] = (statement) => {
    const open = new Database(database);
    try {
      return open.all(statement);
    } finally {
      open.close();
    }
  };
  const [row] = sql<{ image: string }>("SELECT image FROM image_name WHERE name LIKE '%app:1'");
  return { ...journey, database, sql, app: row!.image };
}

function filesOf(root: string, folder: string): string[] {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : [];
}

test("a store whose database was removed is refused by every command, and none changes anything", { skip: noBusybox }, async (context) => {
  const { root, database, sampan } = await setUp(context);
  const before = [filesOf(root, "blobs/sha256"), filesOf(root, "snapshots")];
  assert.ok(before.every((names) => names.length > 0));
  const refused = async (...commands: string[][]): Promise<void> => {
    for (const words of commands) {
      const { status, stderr } = await sampan(words);
      assert.deepEqual([words[0], status], [words[0], 1]);
      assert.match(stderr, /^ERROR: the store's database .*\/sampan\.db is gone or empty, while images and layers lie in /);
      assert.match(stderr, /hint: nothing was changed: .*`sampan store check --repair` takes up the images .* without their names/);
    }
  };
  rmSync(database);
  await refused(["images"], ["image", "prune", "-af"], ["system", "prune", "-af"], ["store", "check"], ["build", join(root, "..", "app")]);
  assert.ok(!existsSync(database), "no new database stands in the way of the old one");
  writeFileSync(database, "");
  await refused(["images"], ["builder", "prune", "-af"]);
  assert.deepEqual([filesOf(root, "blobs/sha256"), filesOf(root, "snapshots")], before);
});

test("a removed database is made again of the blobs: images come back without names, the rest is put aside", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const { root, database, app, sampan, succeeds } = setup;
  mkdirSync(join(root, "containers/abc/fs"), { recursive: true });
  writeFileSync(join(root, "containers/abc/fs/kept"), "mine");
  const snapshots = filesOf(root, "snapshots");
  rmSync(database);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stderr);
  assert.match(repaired.stdout, /^problem: the store's database .* is gone or empty/);
  assert.match(repaired.stdout, new RegExp(`had lost 2 images \\(.*${app.slice(7, 19)}.*\\): taken up again, without names`));
  assert.match(repaired.stdout, /layer folders of which nothing is known any more are now in .*\/lost\/[^/]+\/snapshots/);
  assert.match(repaired.stdout, /1 container folder of which nothing is known any more is now in .*\/containers \(what containers wrote/);
  const [lost] = filesOf(root, "lost");
  assert.deepEqual(filesOf(root, `lost/${lost}/snapshots`), snapshots);
  assert.deepEqual(filesOf(root, `lost/${lost}/containers/abc/fs`), ["kept"]);
  assert.equal(statSync(database).mode & 0o777, 0o600, "environments are in it");
  assertStoreWhole(root);
  assert.ok((await succeeds(["images", "-q", "--no-trunc"])).includes(app));
  assert.match(await succeeds(["system", "df"]), new RegExp(`\\nStays: .*, [\\d.]+[kM]B that repairs have set aside \\(look through ${root}/lost, then sampan system prune --lost\\)\\.`));
  await succeeds(["tag", app, "app:again"]);
  assert.equal(await succeeds(["run", "--rm", "app:again", "cat", "/one"]), "1".repeat(5000));
});

test("a removed database whose log is left is read from that, with the names", { skip: noBusybox }, async (context) => {
  const { root, database, sampan, succeeds } = await setUp(context);
  await succeeds(["tag", "app:1", "app:2"]);
  // A log with everything, as a young store has it.
  const open = new Database(database);
  open.exec("PRAGMA wal_autocheckpoint = 0; VACUUM");
  renameSync(`${database}-wal`, `${database}-kept`);
  open.close();
  for (const end of ["", "-shm"]) rmSync(database + end, { force: true });
  renameSync(`${database}-kept`, `${database}-wal`);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stderr);
  assert.match(repaired.stdout, /: \d\d+ records of the old database could be read\n.*no further image was found[^]*what there was of the old database is now .*\/sampan\.db\.lost-/);
  assert.deepEqual((await succeeds(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n").sort(), ["", "app:1", "app:2", "base:1"]);
  assertStoreWhole(root);

  // What was set aside stays until somebody asks for it to go.
  const aside = (): string[] => readdirSync(root).filter((name) => name === "lost" || /^sampan\.db\.lost-/.test(name));
  mkdirSync(join(root, "lost/then/snapshots/1/fs"), { recursive: true });
  writeFileSync(join(root, "lost/then/snapshots/1/fs/file"), Buffer.alloc(3_000_000));
  const before = aside();
  assert.match(await succeeds(["system", "df"]), new RegExp(`, 3(?:\\.\\d+)?MB that repairs have set aside \\(look through ${before.sort().map((name) => join(root, name)).join(" and ")}, then `));
  await succeeds(["system", "prune", "-f"]);
  assert.deepEqual(aside(), before);
  assert.equal((await sampan(["system", "prune", "--lost"], { input: "n\n" })).stdout.includes("  - all that repairs of the store have set aside\n"), true);
  assert.deepEqual(aside(), before);
  assert.match(await succeeds(["system", "prune", "-f", "--lost"]), /^Total reclaimed space: 3(?:\.\d+)?MB$/m);
  assert.deepEqual(aside(), []);
  assert.doesNotMatch(await succeeds(["system", "df"]), /set aside/);
  assertStoreWhole(root);
});

test("who looks for a container first, to enter its namespaces, leaves a lost database's log alone too", { skip: noBusybox }, async (context) => {
  const { root, database, sampan } = await setUp(context);
  const holder = new Database(database);
  holder.exec("PRAGMA wal_autocheckpoint = 0; CREATE TABLE noted (x)");
  const log = readFileSync(`${database}-wal`);
  holder.close();
  for (const end of ["", "-shm"]) rmSync(database + end, { force: true });
  writeFileSync(database, "");
  writeFileSync(`${database}-wal`, log);
  // Root of a machine does not look first, root of a container does.
  const contained = process.geteuid!() === 0 ? ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"] : [];
  const [program = "", ...words] = [...contained, join(import.meta.dirname, "../../bin/sampan.cjs"), "exec", "some", "true"];
  const { stderr } = spawnSync(program, words, { env: { ...process.env, SAMPAN_ROOT: root }, encoding: "utf8" });
  assert.match(stderr, /is gone or empty/);
  assert.match((await sampan(["images"])).stderr, /is gone or empty/);
  assert.deepEqual([statSync(database).size, readFileSync(`${database}-wal`)], [0, log]);
});

test("a log that was removed alone is missed, and what it told of is taken up from the blobs", { skip: noBusybox }, async (context) => {
  const { root, database, sampan, succeeds } = await setUp(context);
  await succeeds(["rmi", "app:1"]);
  await succeeds(["system", "prune", "-af"]);
  // What follows is in the log only.
  const holder = new Database(database);
  holder.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0");
  const old = readFileSync(database);
  await succeeds(["load", "-i", join(root, "../app.tar")]);
  holder.close();
  writeFileSync(database, old);
  rmSync(`${database}-wal`, { force: true });
  writeFileSync(`${database}-shm`, Buffer.alloc(32768));
  const refused = await sampan(["images"]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^ERROR: the log of the store's database, .*\/sampan\.db-wal, is gone, and with it what was last noted there\nhint: nothing was changed/);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stderr);
  assert.match(repaired.stdout, /had lost 1 image \(/);
  assertStoreWhole(root);
});

test("images that an older database does not know are taken up before anything is collected, and that is said", { skip: noBusybox }, async (context) => {
  const { root, database, app, sampan, succeeds, sql } = await setUp(context);
  await succeeds(["rmi", "app:1"]);
  await succeeds(["system", "prune", "-af"]);
  // SQLite writes its log back into the file.
  sql("SELECT 1");
  const old = readFileSync(database);
  await succeeds(["load", "-i", join(root, "../app.tar")]);
  const hex = "0".repeat(64);
  writeFileSync(join(root, "blobs/sha256", hex), "of a kill");
  // As if both of SQLite's other files had gone, of which nothing tells.
  for (const end of ["-wal", "-shm"]) rmSync(database + end, { force: true });
  writeFileSync(database, old);
  const shown = await sampan(["store", "check"]);
  assert.equal(shown.status, 1);
  assert.match(shown.stdout, new RegExp(`problem: image ${app.slice(7, 19)} is there, and the database does not know of it\n.*taken up again, without a name\n`));
  const pruned = await sampan(["image", "prune", "-f"]);
  assert.equal(pruned.status, 0, pruned.stderr);
  assert.match(pruned.stderr, new RegExp(`^WARNING: the store's database had lost 1 image \\(${app.slice(7, 19)}\\): taken up again, without names`));
  assert.ok((await succeeds(["images", "-q", "--no-trunc"])).includes(app));
  assert.ok(!existsSync(join(root, "blobs/sha256", hex)), "what is no image goes");
  assertStoreWhole(root);
});

test("a damaged database is a fault with a way out, on which names are kept as far as they can be read", { skip: noBusybox }, async (context) => {
  const { root, database, sampan, succeeds } = await setUp(context);
  // The pages of the table of cache records; names are in others.
  const [record] = (() => {
    const open = new Database(database);
    const rows = open.all<{ page: number }>("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'cache_record'");
    open.close();
    return rows;
  })();
  for (const end of ["-wal", "-shm"]) assert.ok(!existsSync(database + end));
  const file = openSync(database, "r+");
  writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, (record!.page - 1) * 4096);
  closeSync(file);
  const found = await sampan(["store", "check"]);
  assert.equal(found.status, 1);
  assert.match(found.stdout + found.stderr, /the store's database|the database/);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, /problem: the store's database .* is damaged: [^]*\n.*sampan\.db\.damaged-/);
  assert.deepEqual((await succeeds(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n").sort(), ["", "app:1", "base:1"]);
  await succeeds(["build", "-q", "-t", "app:1", join(root, "../app")]);
  assertStoreWhole(root);
});

test("a file that is no database is put aside, and images are taken up from the blobs", { skip: noBusybox }, async (context) => {
  const { root, database, app, sampan, succeeds } = await setUp(context);
  writeFileSync(database, "no database at all ".repeat(1000));
  const found = await sampan(["images"]);
  assert.equal(found.status, 1);
  assert.match(found.stderr, /^ERROR: the store's database .* is damaged: file is not a database\nhint: `sampan store check --repair` puts it aside/);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, /: 0 records of the old database could be read\n.*had lost 2 images/);
  assert.ok((await succeeds(["images", "-q", "--no-trunc"])).includes(app));
  assertStoreWhole(root);
});

test("a repair that is interrupted leaves a store that is refused as before, and the next one has lost nothing", { skip: noBusybox }, async (context) => {
  const { root, database, app, sampan, succeeds, sql } = await setUp(context);
  sql(`DELETE FROM image_name WHERE image = '${app}'`);
  sql(`DELETE FROM image WHERE id = '${app}'`);
  // So that there is something to look for among the blobs, where the call is interrupted.
  sql(`DELETE FROM blob WHERE digest IN (SELECT digest FROM image_blob WHERE image = '${app}')`);
  const file = openSync(database, "r+");
  const [record] = sql<{ page: number }>("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'cache_record'");
  writeSync(file, Buffer.alloc(4096, 0xff), 0, 4096, (record!.page - 1) * 4096);
  closeSync(file);
  const snapshots = filesOf(root, "snapshots");
  const interrupt = (damaged: boolean): Promise<void> => rebuildRecords(root, { damaged, onDone: () => {}, signal: AbortSignal.abort(new Error("Ctrl-C")) });
  await assert.rejects(interrupt(true), /Ctrl-C/);
  const refused = async (): Promise<void> => {
    const { status, stderr } = await sampan(["system", "prune", "-af"]);
    assert.deepEqual([status, /is gone or empty/.test(stderr)], [1, true], stderr);
    assert.deepEqual(filesOf(root, "snapshots"), snapshots);
  };
  await refused();
  await assert.rejects(interrupt(false), /Ctrl-C/);
  await refused();
  const folder = openSync(root, "r");
  assert.ok(tryLock(folder));
  const second = await sampan(["store", "check", "--repair"]);
  assert.deepEqual([second.status, /locked by another process/.test(second.stderr)], [1, true], "one repairs at a time");
  closeSync(folder);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, /: \d\d+ records of the old database could be read\n.*had lost 1 image \(/);
  assert.deepEqual((await succeeds(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n").sort(), ["", "<none>:<none>", "base:1"]);
  assert.deepEqual(readdirSync(root).filter((name) => /^sampan\.db\.(new|aside)/.test(name)), []);
  assertStoreWhole(root);
});

test("a damaged index of the database is made anew", { skip: noBusybox }, async (context) => {
  const { database, sampan, sql } = await setUp(context);
  // The index as SQLite keeps it loses its rows, behind the back of the table.
  const open = new Database(database);
  const [page] = open.all<{ rootpage: number }>("SELECT rootpage FROM sqlite_schema WHERE name = 'image_name_image'");
  open.close();
  const file = openSync(database, "r+");
  // An empty leaf page of an index (sqlite.org/fileformat2.html, 1.6).
  const leaf = Buffer.alloc(4096);
  leaf[0] = 0x0a;
  leaf.writeUInt16BE(4096, 5);
  writeSync(file, leaf, 0, 4096, (page!.rootpage - 1) * 4096);
  closeSync(file);
  const found = await sampan(["store", "check"]);
  assert.equal(found.status, 1);
  assert.match(found.stdout, /problem: the database .*index image_name_image/);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, /repaired: the database .*\n.*indexes are made anew/);
  assert.equal(sql<{ name: string }>("SELECT name FROM image_name WHERE image = (SELECT image FROM image_name WHERE name LIKE '%app:1')").length, 1);
  assert.equal((await sampan(["store", "check"])).status, 0);
});

test("files that are others than their names say come back into no image", { skip: noBusybox }, async (context) => {
  const { root, database, app, sampan, succeeds, sql } = await setUp(context);
  const [layer] = sql<{ digest: string }>(`SELECT digest FROM image_blob JOIN blob USING (digest) WHERE image = '${app}' ORDER BY size DESC LIMIT 1`);
  truncateSync(join(root, "blobs/sha256", layer!.digest.slice(7)), 100);
  rmSync(database);
  const repaired = await sampan(["store", "check", "--repair"]);
  assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, /no further image was found among the blobs\n.*\d+ blobs of which nothing is known any more are now in/);
  assert.equal(await succeeds(["images", "-q"]), "");
  assertStoreWhole(root);
});
