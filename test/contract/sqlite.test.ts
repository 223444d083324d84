import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteMetadata } from "../../src/server/storage/sqlite/open-sqlite-metadata.ts";
import { metadataContract } from "./metadata-contract.ts";

metadataContract("SQLite", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-contract-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const report = (problem: Error): void => {
    throw problem;
  };
  return { open: ({ lease = 60_000 } = {}) => openSqliteMetadata(join(folder, "registry.db"), { lease, report }) };
});
