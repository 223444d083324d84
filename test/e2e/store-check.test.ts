import assert from "node:assert/strict";
import { appendFileSync, chmodSync, closeSync, existsSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Database } from "../../src/store/database.ts";
import { noBusybox } from "../support/busybox-base.ts";
import { assertStoreWhole } from "../support/check-store.ts";
import { noBuilds } from "../support/scratch-build.ts";
import { startJourney, type Journey } from "../support/journey.ts";
import { scratchSampan } from "../support/run-sampan.ts";

interface Damaged extends Journey {
  /** Works on the store's database. */
  readonly sql: <Row>(statement: string) => Row[];
  readonly blob: (digest: string) => string;
  /** What the check says with or without --repair, and its status. */
  readonly check: (...words: string[]) => Promise<{ status: number | null; stdout: string; stderr: string }>;
}

async function setUp(context: TestContext): Promise<Damaged> {
  const journey = await startJourney(context);
  const folder = journey.context("app", { Dockerfile: "FROM base:1\nCOPY one /one\nCOPY two /two\n", one: "1".repeat(5000), two: "2".repeat(3000) });
  await journey.succeeds(["build", "-q", "-t", "app:1", folder]);
  await journey.succeeds(["save", "-o", join(journey.folder, "app.tar"), "app:1"]);
  const sql: Damaged["sql"] = (statement) => {
    const database = new Database(join(journey.root, "sampan.db"));
    try {
      return database.all(statement);
    } finally {
      database.close();
    }
  };
  return { ...journey, sql, blob: (digest) => join(journey.root, "blobs/sha256", digest.slice(7)), check: (...words) => journey.sampan(["store", "check", ...words]) };
}

/** The check finds the problem, leaves it, repairs it, and then finds nothing. */
async function assertRepairs(setup: Damaged, problem: RegExp, lost: RegExp, others = 0): Promise<void> {
  const found = await setup.check();
  assert.equal(found.status, 1, found.stdout);
  assert.match(found.stdout, problem);
  assert.match(found.stdout, lost);
  assert.match(found.stdout, new RegExp(`: ${1 + others} problems?, 0 repaired\\.\n$`));
  assert.match(found.stderr, /hint: `sampan store check --repair`/);
  const repaired = await setup.check("--repair");
  assert.equal(repaired.status, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, new RegExp(`: ${1 + others} problems?, ${1 + others} repaired\\.\n$`));
  assert.equal((await setup.check()).status, 0);
  assertStoreWhole(setup.root);
}

test("blobs that a power cut may have damaged are read with a word of it, and Ctrl-C ends that and loses nothing", async (context) => {
  const { root, sampan } = scratchSampan(context);
  await sampan(["images"]);
  const path = join(root, "blobs/sha256", "a".repeat(64));
  // Zeros that are read for a minute, without taking room.
  closeSync(openSync(path, "w"));
  truncateSync(path, 64e9);
  const database = new Database(join(root, "sampan.db"));
  context.after(() => database.close());
  database.run("INSERT INTO blob (digest, size, state, created_at, unsettled) VALUES (?, 64000000000, 1, 1, 'an earlier boot')", `sha256:${"a".repeat(64)}`);
  const ended = await sampan(["images"], { onStart: (child) => child.stderr!.once("data", () => child.kill("SIGINT")) });
  assert.equal(ended.status, 130, ended.stderr);
  assert.match(ended.stderr, /^checking 1 blob \(64GB\) that came shortly before this machine was last started\nERROR: interrupted/);
  assert.deepEqual(database.all("SELECT unsettled, state FROM blob"), [{ unsettled: "an earlier boot", state: 1 }].map((row) => Object.assign(Object.create(null), row)));
  truncateSync(path, 100);
  const again = await sampan(["images", "-q"]);
  assert.deepEqual([again.status, again.stdout], [0, ""]);
  assert.deepEqual([database.all("SELECT 1 FROM blob"), existsSync(path)], [[], false]);
});

test("a whole store is well", { skip: noBusybox }, async (context) => {
  const { check } = await setUp(context);
  const { status, stdout, stderr } = await check();
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^Checked \d+ blobs \([\d.]+MB\), 3 layer folders, 2 cache records, 2 images: all is well\.\n$/);
  assert.equal((await check("-q")).stdout, "");
});

test("a damaged blob of a layer that is unpacked here is made again", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const [layer] = setup.sql<{ digest: string; size: number }>("SELECT layer_blob.digest, blob.size FROM layer_blob JOIN blob USING (digest) JOIN snapshot USING (diff_id) WHERE parent IS NOT NULL AND codec = 'gzip' ORDER BY snapshot.id DESC LIMIT 1");
  appendFileSync(setup.blob(layer!.digest), "x");
  await assertRepairs(setup, /problem: blob sha256:[0-9a-f]{64} \([\d.]+k?B\) has \d+ bytes instead of \d+\n {2}what a repair does: it is deleted/, /what is lost: nothing: the layer is packed again/);
  await setup.succeeds(["save", "-o", join(setup.folder, "again.tar"), "app:1"]);
  writeFileSync(setup.blob(layer!.digest), Buffer.alloc(layer!.size));
  await assertRepairs(setup, /has other content than its digest says/, /packed again/);
  await setup.succeeds(["save", "-o", join(setup.folder, "again.tar"), "app:1"]);
  rmSync(setup.blob(layer!.digest));
  await assertRepairs(setup, /is missing from the disk/, /packed again/);
});

test("a layer folder that lost files is given up with what lies upon it, and made again", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const [snapshot] = setup.sql<{ id: number }>("SELECT id FROM snapshot WHERE parent IN (SELECT id FROM snapshot WHERE parent IS NULL)");
  const folder = join(setup.root, "snapshots", snapshot!.id.toString(36), "fs");
  truncateSync(join(folder, "one"), 4999);
  await assertRepairs(setup, /layer folder \w+ has 4999 bytes in its files instead of 5000\n.*it is deleted, and 1 layer folder upon it/, /what is lost: unpacked layers of images, .*; 2 steps in the cache, which run again/);
  const built = await setup.sampan(["build", "--progress", "plain", "-t", "app:1", join(setup.folder, "app")]);
  assert.equal(built.status, 0, built.stderr);
  assert.match(built.stderr, /COPY one \/one\n#2 DONE [^]*COPY two \/two\n#3 DONE/);
  const [base] = setup.sql<{ id: number }>("SELECT id FROM snapshot WHERE parent IS NULL");
  rmSync(join(setup.root, "snapshots", base!.id.toString(36)), { recursive: true });
  await assertRepairs(setup, /layer folder \w+ has no folder/, /steps in the cache/);
  await setup.succeeds(["build", "-q", "-t", "app:1", join(setup.folder, "app")]);
});

test("a layer folder in which somebody changed, added or removed something is told from what its layer holds, and unpacked again", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const folderOf = (condition: string): string => join(setup.root, "snapshots", setup.sql<{ id: number }>(`SELECT id FROM snapshot WHERE ${condition} ORDER BY id LIMIT 1`)[0]!.id.toString(36), "fs");
  const inBase = (): string => folderOf("parent IS NULL");
  const changes: readonly [RegExp, () => void][] = [
    [/layer folder \w+ is not what its layer holds: \/etc\/passwd has other content\n/, () => writeFileSync(join(inBase(), "etc/passwd"), readFileSync(join(inBase(), "etc/passwd"), "utf8").replace("root", "toor"))],
    [/is not what its layer holds: (.*, )?\/new is not in the layer/, () => writeFileSync(join(inBase(), "new"), "")],
    [/is not what its layer holds: (.*, )?\/usr\/bin\/env is gone/, () => rmSync(join(inBase(), "usr/bin/env"))],
    [/is not what its layer holds: (.*, )?\/etc\/passwd has mode 4755 instead of 644/, () => chmodSync(join(inBase(), "etc/passwd"), 0o4755)],
    [/is not what its layer holds: (.*, )?\/one has other content/, () => writeFileSync(join(folderOf("parent IN (SELECT id FROM snapshot WHERE parent IS NULL)"), "one"), "7".repeat(5000))],
  ];
  for (const [problem, change] of changes) {
    await setup.succeeds(["build", "-q", "-t", "app:1", join(setup.folder, "app")]);
    await setup.succeeds(["run", "--rm", "app:1", "true"]);
    assert.equal((await setup.check("--deep")).status, 0);
    // Our clock and the kernel's differ by a tick.
    await setTimeout(150);
    change();
    await assertRepairs(setup, problem, /unpacked layers of images, which are unpacked again when they are needed/);
  }
  assert.equal(await setup.succeeds(["run", "--rm", "app:1", "cat", "/one"]), "1".repeat(5000));
});

test("a change that the kernel's times hide is found when everything is compared, and a hard link is none", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const [{ id }] = setup.sql<{ id: number }>("SELECT id FROM snapshot WHERE parent IN (SELECT id FROM snapshot WHERE parent IS NULL)") as [{ id: number }];
  const file = join(setup.root, "snapshots", id.toString(36), "fs/one");
  await setTimeout(150);
  linkSync(file, join(setup.folder, "linked"));
  assert.equal((await setup.check()).status, 0);
  assert.equal((await setup.check("--deep")).status, 0);
  writeFileSync(file, "7".repeat(5000));
  // As if the clock had been set back before.
  setup.sql("UPDATE snapshot SET used_at = used_at + 3600000");
  assert.equal((await setup.check()).status, 0);
  const { status, stdout } = await setup.check("--deep");
  assert.equal(status, 1);
  assert.match(stdout, /is not what its layer holds: \/one has other content/);
});

test("a layer folder whose layer was never packed is judged by its files' times", { skip: noBusybox }, async (context) => {
  const setup = await startJourney(context);
  const folder = setup.context("app", { Dockerfile: "FROM base:1 AS tools\nCOPY one /one\nFROM base:1\nCOPY --from=tools /one /two\n", one: "1".repeat(5000) });
  await setup.succeeds(["build", "-q", "-t", "app:1", folder]);
  assert.equal((await setup.sampan(["store", "check", "--deep"])).status, 0);
  const database = new Database(join(setup.root, "sampan.db"));
  const rows = database.all<{ id: number }>("SELECT id FROM snapshot WHERE diff_id IS NULL");
  database.close();
  assert.equal(rows.length, 1, "the step of the first stage is in no image");
  const path = join(setup.root, "snapshots", rows[0]!.id.toString(36), "fs/more");
  await setTimeout(150);
  writeFileSync(path, "");
  const { stdout } = await setup.sampan(["store", "check", "--repair"]);
  assert.match(stdout, /repaired: layer folder \w+ was changed after it was made: \/, \/more\n/);
  assert.ok(!existsSync(path));
  assertStoreWhole(setup.root);
});

test("an image without its config goes, and one without its manifest gets another", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  const [image] = setup.sql<{ id: string; manifest: string }>("SELECT id, manifest FROM image JOIN image_name ON image = id WHERE name LIKE '%app:1'");
  rmSync(setup.blob(image!.manifest));
  await assertRepairs(setup, /image app:1 has lost its manifest/, /the digest by which registries know it/, 1);
  await setup.succeeds(["save", "-o", join(setup.folder, "again.tar"), "app:1"]);
  rmSync(setup.blob(image!.id));
  await assertRepairs(setup, /image app:1 has lost its config\n.*it is removed with its names/, /the image app:1: build, pull or load it again/, 1);
  assert.equal(await setup.succeeds(["images", "-q", "app"]), "");
  await setup.succeeds(["load", "-i", join(setup.folder, "app.tar")]);
});

test("an image that lacks a layer which nobody can make again is named", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  await setup.succeeds(["builder", "prune", "-af"]);
  for (const { digest } of setup.sql<{ digest: string }>("SELECT digest FROM layer_blob")) rmSync(setup.blob(digest), { force: true });
  for (const { id } of setup.sql<{ id: number }>("SELECT id FROM snapshot")) rmSync(join(setup.root, "snapshots", id.toString(36), "fs"), { recursive: true });
  const { status, stdout } = await setup.check("--repair");
  assert.equal(status, 0, stdout);
  assert.match(stdout, /image app:1 lacks the layer sha256:[0-9a-f]{64}: it is neither packed nor unpacked here, and no registry is known/);
  assert.equal(await setup.succeeds(["images", "-q"]), "");
  assertStoreWhole(setup.root);
});

test("caches of RUN whose folders are gone, and folders of none, are found", { skip: noBuilds }, async (context) => {
  const setup = await setUp(context);
  const dockerfile = "FROM base:1\nRUN --mount=type=cache,target=/kept --mount=type=cache,target=/lost echo 1 > /kept/x\n";
  const build = (text: string): Promise<string> => setup.succeeds(["build", "-q", "-t", "caches:1", setup.context("caches", { Dockerfile: text })]);
  await build(dockerfile);
  const [lost] = setup.sql<{ id: number }>("SELECT id FROM cache_mount WHERE name LIKE '%lost'");
  rmSync(join(setup.root, "cache-mounts", lost!.id.toString(36), "fs"), { recursive: true });
  mkdirSync(join(setup.root, "cache-mounts/zzz/fs"), { recursive: true });
  await assertRepairs(setup, /the folder of the cache \/*lost of RUN is gone/, /a folder among the caches of RUN belongs to nothing: .*\/zzz/, 1);
  assert.deepEqual(setup.sql<{ name: string }>("SELECT name FROM cache_mount").map(({ name }) => name.replace(/^.*(?=\/)/, "")), ["/kept"]);
  assert.equal(readdirSync(join(setup.root, "cache-mounts")).length, 1);
  await build(dockerfile.replace("echo 1 > /kept/x", "cat /kept/x && ls /lost"));
  assert.equal((await setup.check()).status, 0);
});

test("names, records and files that lead nowhere are removed", { skip: noBusybox }, async (context) => {
  const setup = await setUp(context);
  setup.sql("INSERT INTO image_name (name, image) VALUES ('docker.io/library/lost:1', 'sha256:00')");
  setup.sql("UPDATE cache_record SET components = '{' WHERE rowid = (SELECT min(rowid) FROM cache_record)");
  setup.sql("UPDATE cache_record SET snapshot = 999 WHERE rowid = (SELECT max(rowid) FROM cache_record)");
  writeFileSync(join(setup.root, "blobs/sha256", "0".repeat(64)), "stray");
  mkdirSync(join(setup.root, "snapshots/zzz/fs"), { recursive: true });
  await assertRepairs(setup, /the name "docker.io\/library\/lost:1" leads to no image/, /the step runs again/, 4);
  assert.ok(!readdirSync(join(setup.root, "snapshots")).includes("zzz"));
});
