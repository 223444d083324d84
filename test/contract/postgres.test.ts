import { test, type TestContext } from "node:test";
import type { Clock } from "../../src/server/storage/postgres/clock.ts";
import { openPostgresMetadata } from "../../src/server/storage/postgres/open-postgres-metadata.ts";
import { collectionRaces } from "../support/collection-races.ts";
import { GRACE, scratchStorage } from "../support/kept-storage.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
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
  }, { repositories: 2000 });

  test("PostgreSQL: collections beside pushes, in any order of their steps: no named blob is lost, and afterwards nothing else is there", async (context: TestContext) => {
    const { url } = await server.database();
    /** The clock of the tests, which jumps. */
    const clock: Clock = { now: () => Date.now(), shift: (moment) => moment, learn: () => undefined };
    const setting = await scratchStorage(context, { records: () => openPostgresMetadata({ url, connections: 6 }, { lease: GRACE, clock, report }) });
    await collectionRaces(setting, { runs: Number(process.env["SAMPAN_INTERLEAVINGS"] ?? 25) });
  });
}
