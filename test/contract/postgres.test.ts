import { test } from "node:test";
import { openPostgresMetadata } from "../../src/server/storage/postgres/open-postgres-metadata.ts";
import { postgresMissing, startPostgres } from "../support/postgres.ts";
import { metadataContract } from "./metadata-contract.ts";

if (postgresMissing !== false) {
  test("PostgreSQL holds the contract of records", { skip: postgresMissing }, () => undefined);
} else {
  const server = await startPostgres();
  metadataContract("PostgreSQL", () => {
    let database: ReturnType<typeof server.database> | undefined;
    const report = (problem: Error): void => {
      throw problem;
    };
    return { open: async ({ lease = 60_000 } = {}) => openPostgresMetadata({ url: (await (database ??= server.database())).url, connections: 6 }, { lease, report }) };
  }, { repositories: 2000 });
}
