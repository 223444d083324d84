import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import { Database } from "./database.ts";

test("a transaction that throws leaves nothing behind", (context) => {
  const database = new Database(join(temporaryFolder(context), "db"));
  context.after(() => database.close());
  database.exec("CREATE TABLE word (text TEXT)");
  assert.throws(() => database.transaction(() => {
    database.run("INSERT INTO word VALUES ('one')");
    database.transaction(() => database.run("INSERT INTO word VALUES ('two')"));
    throw new Error("no");
  }), /^Error: no$/);
  assert.deepEqual(database.all("SELECT * FROM word"), []);
  assert.equal(database.rollbacks, 1);
  database.transaction(() => database.run("INSERT INTO word VALUES ('three')"));
  assert.equal(database.get<{ text: string }>("SELECT text FROM word")!.text, "three");
});

test("a file that is no database is reported as damaged, with the way out", (context) => {
  const path = join(temporaryFolder(context), "db");
  writeFileSync(path, "this is not SQLite at all, and long enough to look like a file with a header".repeat(20));
  assert.throws(() => new Database(path), (error) => isFault(error, "STORE_CORRUPT") && error.hint!.includes("store check --repair"));
});

test("a database in a folder that does not exist cannot be written", () => {
  assert.throws(() => new Database("/nonexistent/folder/db"), (error) => isFault(error, "READ_ONLY"));
});

test("a lock that another one keeps for too long is reported", (context) => {
  const path = join(temporaryFolder(context), "db");
  const [holder, waiter] = [new Database(path), new Database(path, { timeout: 20 })];
  context.after(() => { holder.close(); waiter.close(); });
  holder.transaction(() => {
    assert.throws(() => waiter.transaction(() => assert.fail("there are two writers")), (error) => isFault(error, "STORE_BUSY"));
  });
  waiter.transaction(() => {});
});

test("parameters with numbers may come in any order and several times", (context) => {
  const database = new Database(join(temporaryFolder(context), "db"));
  context.after(() => database.close());
  database.exec("CREATE TABLE word (one TEXT, two BLOB, three INTEGER)");
  assert.equal(database.run("INSERT INTO word SELECT ?3, ?1, ?2 WHERE ?3 = 'x'", Buffer.from("bytes"), null, "x").changes, 1);
  const [row] = database.all<{ one: string; two: Uint8Array; three: null }>("SELECT * FROM word WHERE one = ?2 AND three IS ?1", null, "x");
  assert.deepEqual([row!.one, Buffer.from(row!.two).toString(), row!.three], ["x", "bytes", null]);
});

test("a closed database says so", (context) => {
  const database = new Database(join(temporaryFolder(context), "db"));
  database.close();
  database.close();
  assert.throws(() => database.get("SELECT 1"), (error) => isFault(error, "STORE_CLOSED"));
});

test("loading SQLite prints no warning", () => {
  const script = `const { Database } = await import(${JSON.stringify(new URL("./database.ts", import.meta.url).href)}); new Database(":memory:").close();`;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

test("a database that is left keeps its log for whoever comes next, as long as that is short", (context) => {
  const path = join(temporaryFolder(context), "db");
  const inserted = (bytes: number): Database => {
    const database = new Database(path);
    database.exec("CREATE TABLE IF NOT EXISTS word (text TEXT)");
    database.run("INSERT INTO word VALUES (?)", "x".repeat(bytes));
    return database;
  };
  const first = inserted(10);
  first.leave();
  first.leave();
  assert.ok(statSync(`${path}-wal`).size > 0);
  assert.throws(() => first.get("SELECT 1"), (error) => isFault(error, "STORE_CLOSED"));
  // SQLite has a reader of another process hold locks that this one does not know of.
  const read = spawnSync(process.execPath, ["-e", `
    const { DatabaseSync } = require("node:sqlite");
    console.log(new DatabaseSync(process.argv[1]).prepare("SELECT length(text) AS length FROM word").get().length);
  `, path], { encoding: "utf8" });
  assert.equal(read.stdout, "10\n", read.stderr);
  const large = inserted(1024 * 1024);
  large.leave();
  const after = new Database(path);
  assert.deepEqual(after.all("SELECT length(text) AS length FROM word ORDER BY length").map((row) => ({ ...row as object })), [{ length: 10 }, { length: 1024 * 1024 }]);
  after.close();
});

test("a process that leaves its database again and again does not run out of files", (context) => {
  const path = join(temporaryFolder(context), "db");
  const opened = (): number => readdirSync("/proc/self/fd").length;
  const open = (): void => {
    const database = new Database(path);
    database.exec("CREATE TABLE IF NOT EXISTS word (text TEXT)");
    database.leave();
  };
  for (let round = 0; round < 8; round += 1) open();
  const before = opened();
  for (let round = 0; round < 8; round += 1) open();
  assert.equal(opened(), before);
});
