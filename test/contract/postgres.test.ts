import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Limit } from "../../src/server/storage/limits.ts";
import type { Clock } from "../../src/server/storage/postgres/clock.ts";
import { namesExpression } from "../../src/server/storage/postgres/limit-sums.ts";
import { BELIEVED, createLocks } from "../../src/server/storage/postgres/locks.ts";
import { openPostgresMetadata } from "../../src/server/storage/postgres/open-postgres-metadata.ts";
import { createPostgresDatabase, KEPT_LOCKS } from "../../src/server/storage/postgres/postgres-database.ts";
import { RegistryError } from "../../src/server/terms/registry-error.ts";
import { repositoryPattern } from "../../src/server/terms/repository-pattern.ts";
import { isFault } from "../../src/std/fault.ts";
import { startBlockingProxy } from "../support/blocking-proxy.ts";
import { collectionRaces } from "../support/collection-races.ts";
import { GRACE, scratchStorage } from "../support/kept-storage.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { actor, digestOf } from "./contract-content.ts";
import { metadataContract } from "./metadata-contract.ts";

const report = (problem: Error): void => {
  throw problem;
};

if (postgresMissing !== false) {
  test("PostgreSQL holds the contract of records", { skip: postgresMissing }, () => undefined);
} else {
  const server = await startPostgres();
  metadataContract("PostgreSQL", () => {
    let database: ReturnType<typeof server.database> | undefined;
    return { open: async ({ lease = 60_000 } = {}) => openPostgresMetadata({ url: (await (database ??= server.database())).url, connections: 6 }, { lease, report }) };
  }, { repositories: 2000, rounds: 400 });

  test("PostgreSQL: a lock whose connection is dead is lost, and that the database is back is told once", { timeout: 60_000 }, async (context: TestContext) => {
    const proxy = await startBlockingProxy(context, server.port);
    const { tcp } = await server.database();
    const told: string[] = [];
    await using database = createPostgresDatabase({ url: tcp.replace(`:${server.port}/`, `:${proxy.port}/`), connections: 4 }, { report: (problem) => told.push((problem as Error & { code: string }).code) });
    context.after(() => proxy.close()); // nobody says goodbye on a dead connection
    assert.ok(BELIEVED + 5000 <= KEPT_LOCKS, "who has lost a lock stops before another one has it");
    const lock = await createLocks(database, { look: 50, answer: 200 }).tryLock("webhooks");
    proxy.freeze();
    await new Promise<void>((resolve) => lock!.lost.addEventListener("abort", () => resolve(), { once: true }));
    proxy.close();
    await assert.rejects(database.get("SELECT 1"), (problem) => isFault(problem, "SERVER_DATABASE_LOST"));
    assert.deepEqual(told, []);
    proxy.open();
    for (let count = 0; count < 2; count += 1) assert.deepEqual(await database.get("SELECT 1 AS one"), { one: 1 });
    assert.deepEqual(told, ["SERVER_DATABASE_BACK"]);
  });

  test("PostgreSQL: tokens of an older version's database go on, and are bound to who uses them", async () => {
    const { url, name } = await server.database();
    const open = () => openPostgresMetadata({ url, connections: 2 }, { lease: 60_000, report });
    await (await open())[Symbol.asyncDispose]();
    server.query(`SET search_path = sampan_registry; ALTER TABLE secrets DROP COLUMN person; DELETE FROM schema_migrations WHERE name = 'owners of tokens';
      INSERT INTO secrets (kind, owner, name, hash, created_at) VALUES ('token', 'alice', 'laptop', 'aa', 1)`, name);
    await using metadata = await open();
    const token = (await metadata.secretOf("aa"))!;
    assert.deepEqual([token.name, token.disabled, token.person], ["laptop", false, undefined]);
    await metadata.bindSecret(token.id, "alice");
    assert.equal((await metadata.secretOf("aa"))?.person, "alice");
  });

  test("PostgreSQL: a sum that is wrong is found, and mended when that is wanted; one that is gone is made again", async () => {
    const { url, name } = await server.database();
    await using metadata = await openPostgresMetadata({ url, connections: 2 }, { lease: 60_000, report });
    const refuse = (used: number, added: number): void => {
      if (used + added > 100) throw new RegistryError("DENIED", `${used} and ${added}`);
    };
    const limit: Limit = { name: "quota of team/**", patterns: ["team/**"], covers: (repository) => repository.startsWith("team/"), demandBytes: refuse, demandTags: undefined };
    const push = (about: string, size: number) => metadata.addBlob("team/app", { digest: digestOf(about), size }, actor, [limit]);
    const sql = (text: string): string => server.query(`SET search_path = sampan_registry; ${text}`, name);
    await metadata.addBlob("team/before", { digest: digestOf("before"), size: 30 }, actor);
    await push("one", 40);
    sql("UPDATE limit_sums SET bytes = bytes + 5");
    const [wrong] = await metadata.wrongSums({ mend: false });
    assert.equal(wrong, "the sum of the quota of team/** says 75 bytes and 0 tags; 70 bytes and 0 tags are there");
    await assert.rejects(push("two", 30), /75 and 30/);
    assert.deepEqual([await metadata.wrongSums({ mend: true }), await metadata.wrongSums({ mend: false })], [[wrong], []]);
    assert.equal(await push("two", 30), "added");
    sql("DELETE FROM limit_sums");
    for (let time = 0; time < 2; time += 1) await assert.rejects(push("three", 1), /100 and 1/);
    assert.match(sql("SELECT bytes FROM limit_sums"), /\b100\b/);
  });

  test("PostgreSQL: servers that make the same sums at once do not wait for each other in a circle", async () => {
    const { url, name } = await server.database();
    const limits = ["team/**", "**"].map((pattern): Limit => ({ name: `quota of ${pattern}`, patterns: [pattern], covers: () => true, demandBytes: () => undefined, demandTags: undefined }));
    const servers = await Promise.all([1, 2, 3].map(() => openPostgresMetadata({ url, connections: 6 }, { lease: 60_000, report })));
    await Promise.all(servers.flatMap((metadata, index) => Array.from({ length: 6 }, (_, at) => metadata.addBlob(`team/${index}`, { digest: digestOf(`${at}`), size: 10 }, actor, limits))));
    assert.deepEqual(await servers[0]!.wrongSums({ mend: false }), []);
    await Promise.all(servers.map((metadata) => metadata[Symbol.asyncDispose]()));
    assert.match(server.query(`SELECT 'deadlocks ' || deadlocks FROM pg_stat_database WHERE datname = '${name}'`), /deadlocks 0\b/);
  });

  test("PostgreSQL: patterns mean to the database what they mean to the server", async () => {
    const { name: database } = await server.database();
    const names = ["a", "team", "team/app", "team/app/deep", "teams/app", "prod/shop", "prod/shop-x", "prod/s.op", "p/x", "x/prod/shop", "a1", "b/c/d"];
    for (const pattern of ["*", "**", "team/**", "team/*", "**/shop", "prod/{shop,s.op}", "{team,prod}/**", "?", "a?", "[ab]*/**", "[!t]*", "prod/s.op", "team*", "**/app/**", "p*/**/s*"]) {
      const covers = repositoryPattern(pattern);
      const found = server.query(`SELECT string_agg(name, ' ' ORDER BY place) FROM unnest(ARRAY[${names.map((each) => `'${each}'`).join(",")}]) WITH ORDINALITY AS t (name, place) WHERE name COLLATE "C" ~ '${namesExpression([pattern])}'`, database);
      for (const each of names) assert.equal(` ${found.replace(/\s+/g, " ")} `.includes(` ${each} `), covers(each), `${pattern} and ${each}`);
    }
  });

  test("PostgreSQL: where the records lie changes when a follower takes over, at once, and is known too where the server may not be asked for itself", { timeout: 120_000 }, async () => {
    const own = await startPostgres();
    const { url, name } = await own.database();
    const place = async (address: string): Promise<string> => {
      await using metadata = await openPostgresMetadata({ url: address, connections: 2 }, { lease: 60_000, report });
      return await metadata.place();
    };
    const before = await place(url);
    await own.stop();
    writeFileSync(join(own.folder, "data/standby.signal"), "");
    await own.start();
    own.query("SELECT pg_promote()");
    const after = await place(url);
    assert.deepEqual([before.split(" ")[2], after.split(" ")[2]], ["1", "2"]);
    assert.deepEqual([after.split(" ")[1], await place(url)], [before.split(" ")[1], after]);
    own.query(`CREATE ROLE tenant LOGIN; ALTER DATABASE ${name} OWNER TO tenant`);
    own.query("ALTER SCHEMA sampan_registry RENAME TO before; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC", name);
    const tenant = url.replace("user=owner", "user=tenant");
    const untold = await place(tenant);
    assert.match(untold, /^database untold \d+ \d+$/);
    own.query("ALTER SCHEMA sampan_registry RENAME TO after", name);
    assert.notEqual(await place(tenant), untold, "tables that were made anew");
  });

  test("PostgreSQL: collections beside pushes, in any order of their steps: no named blob is lost, and afterwards nothing else is there", async (context: TestContext) => {
    const { url } = await server.database();
    /** The clock of the tests, which jumps. */
    const clock: Clock = { now: () => Date.now(), shift: (moment) => moment, learn: () => undefined };
    const setting = await scratchStorage(context, { records: () => openPostgresMetadata({ url, connections: 6 }, { lease: GRACE, clock, report }) });
    await collectionRaces(setting, { runs: Number(process.env["SAMPAN_INTERLEAVINGS"] ?? 25) });
  });
}
