import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Database } from "../../../store/database.ts";
import { openSqliteMetadata } from "./open-sqlite-metadata.ts";
import { migrations } from "./schema.ts";

test("tokens of an older version's records go on, and are bound to who uses them", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-schema-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "registry.db");
  const before = new Database(path);
  before.exec("CREATE TABLE schema_migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) WITHOUT ROWID");
  for (const [name, statements] of Object.entries(migrations)) {
    if (name === "owners of tokens") break;
    before.exec(statements);
    before.run("INSERT INTO schema_migrations (name, applied_at) VALUES (?, 1)", name);
  }
  before.run("INSERT INTO secrets (kind, owner, name, hash, created_at) VALUES ('token', 'alice', 'laptop', 'aa', 1)");
  before.close();
  await using metadata = await openSqliteMetadata(path, { lease: 0, report: assert.fail });
  const token = (await metadata.secretOf("aa"))!;
  assert.deepEqual([token.name, token.disabled, token.person], ["laptop", false, undefined]);
  await metadata.bindSecret(token.id, "alice");
  assert.equal((await metadata.secretOf("aa"))?.person, "alice");
});
