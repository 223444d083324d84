import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import { Database } from "./database.ts";
import { migrate } from "./schema.ts";

test("an older database gets the formats that came since, once", (context) => {
  const database = new Database(join(temporaryFolder(context), "db"));
  context.after(() => database.close());
  const first = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);";
  migrate(database, { migrations: [first] });
  migrate(database, { migrations: [first, "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = 2;"] });
  migrate(database, { migrations: [first, "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = 2;"] });
  assert.deepEqual({ ...database.get<object>("SELECT * FROM a") }, { x: 1, y: 2 });
});

test("a migration that fails changes nothing", (context) => {
  const database = new Database(join(temporaryFolder(context), "db"));
  context.after(() => database.close());
  migrate(database, { migrations: ["CREATE TABLE a (x INTEGER);"] });
  assert.throws(() => migrate(database, { migrations: ["", "CREATE TABLE b (x INTEGER); CREATE TABLE b (x INTEGER);"] }));
  assert.equal(database.get("SELECT 1 FROM sqlite_master WHERE name = 'b'"), undefined);
  migrate(database, { migrations: ["", "CREATE TABLE b (x INTEGER);"] });
});

test("a database of a newer version is refused", (context) => {
  const database = new Database(join(temporaryFolder(context), "db"));
  context.after(() => database.close());
  database.exec("PRAGMA user_version = 99");
  assert.throws(() => migrate(database), (error) => isFault(error, "STORE_NEWER"));
});
