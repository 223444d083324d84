import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-store.ts";
import { readSqliteTable, type SqliteValue } from "./sqlite-table.ts";

function read(file: string, table = "Packages"): (readonly SqliteValue[])[] {
  const descriptor = openSync(file, "r");
  try {
    return [...readSqliteTable(descriptor, statSync(file).size, table)];
  } finally {
    closeSync(descriptor);
  }
}

function make(test: TestContext, pageSize: number, sizes: readonly number[]): string {
  const file = join(temporaryFolder(test), "made.sqlite");
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA page_size = ${pageSize}; CREATE TABLE Other (a); CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL); BEGIN`);
  const insert = database.prepare("INSERT INTO Packages (blob) VALUES (?)");
  for (const [index, size] of sizes.entries()) insert.run(Buffer.alloc(size, index + 1));
  database.exec("COMMIT");
  database.close();
  return file;
}

/** Around the sizes at which a row leaves its page, and pages of pages. */
const SIZES = [0, 1, 100, 400, 460, 470, 480, 490, 500, 1000, 1020, 4000, 4050, 4060, 4070, 4080, 4100, 65_400, 65_500, 65_600, 200_000, ...Array<number>(600).fill(30)];

test("rows of all sizes come as SQLite wrote them, whatever the size of a page", (context) => {
  for (const pageSize of [512, 4096, 65_536]) {
    const rows = read(make(context, pageSize, SIZES));
    assert.deepEqual(rows.map(([, blob]) => (blob as Buffer).length), SIZES, `${pageSize}`);
    for (const [index, [number, blob]] of rows.entries()) assert.ok(number === null && (blob as Buffer).every((byte) => byte === (index + 1) % 256), `${index}`);
  }
});

test("values of all kinds, rows that were deleted, and tables that are not there", (context) => {
  const file = make(context, 1024, [1, 2, 3]);
  const database = new DatabaseSync(file);
  database.exec("DELETE FROM Packages WHERE hnum = 2; INSERT INTO Other VALUES (NULL), (0), (1), (-5), (300), (-70000), (9007199254740993), ('text é'), (x'00ff')");
  database.close();
  assert.deepEqual(read(file).map(([, blob]) => (blob as Buffer).length), [1, 3]);
  assert.deepEqual(read(file, "Other").flat(), [null, 0n, 1n, -5n, 300n, -70000n, 9007199254740993n, "text é", Buffer.from([0, 255])]);
  assert.throws(() => read(file, "Missing"), /^Error: it has no table Missing$/);
  writeFileSync(file, "no database at all");
  assert.throws(() => read(file), /^Error: it is no SQLite database$/);
});

test("whatever is damaged, it ends with rows or with words", (context) => {
  const file = make(context, 512, SIZES);
  const whole = readFileSync(file);
  let told = 0;
  for (let round = 0; round < 300; round += 1) {
    const bytes = Buffer.from(whole.subarray(0, round % 5 === 0 ? (round * 7919) % whole.length : whole.length));
    // Figures of pages stand at their beginnings.
    for (let flips = 0; flips < 8; flips += 1) {
      const at = ((round * 31 + flips * 17) % (whole.length / 512)) * 512 + ((round * 13 + flips) % 40);
      if (at < bytes.length && at >= 100) bytes[at] = (round * 101 + flips * 57) % 256;
    }
    writeFileSync(file, bytes);
    try {
      assert.ok(read(file).length <= whole.length);
    } catch (error) {
      assert.match(String(error), /^Error: (?:it is |it has no table|a row has)/);
      told += 1;
    }
  }
  assert.ok(told > 50, `${told}`);
});

test("pages that are in a circle, or shared, are not read again and again", (context) => {
  const file = make(context, 512, Array<number>(40).fill(3000));
  const bytes = readFileSync(file);
  // Each chain of overflow pages leads back to the page before.
  for (let page = 4; page < bytes.length / 512; page += 1) if (bytes.readUInt32BE(page * 512) === page + 2) bytes.writeUInt32BE(page + 1, page * 512);
  writeFileSync(file, bytes);
  assert.throws(() => read(file), /^Error: it is damaged$/);
});

test("rows that share their bytes, and rows of millions of values, are damage", (context) => {
  const file = make(context, 65_536, [60_000]);
  const bytes = readFileSync(file);
  // The only leaf with a row that fills it: thousands of pointers to that one row.
  const leaf = Array.from({ length: bytes.length / 65_536 }, (_, page) => page * 65_536).find((at) => at > 0 && bytes[at] === 0x0d && bytes.readUInt16BE(at + 3) === 1 && bytes.readUInt16BE(at + 5) < 10_000)!;
  bytes.writeUInt16BE(2000, leaf + 3);
  for (let index = 1; index < 2000; index += 1) bytes.copy(bytes, leaf + 8 + index * 2, leaf + 8, leaf + 10);
  writeFileSync(file, bytes);
  const shared = openSync(file, "r");
  let rows = 0;
  assert.throws(() => { for (const _ of readSqliteTable(shared, bytes.length, "Packages")) rows += 1; }, /^Error: it is damaged$/);
  closeSync(shared);
  assert.equal(rows, 1);

  // A row of nothing but a list of NULLs.
  const wide = make(context, 65_536, [60_000]);
  const whole = readFileSync(wide);
  const row = leaf + whole.readUInt16BE(leaf + 8);
  // Behind the row's length and number, of three bytes and one.
  whole.fill(0, row + 4, row + 60_000);
  Buffer.from([0x83, 0xd0, 0x00]).copy(whole, row + 4);
  writeFileSync(wide, whole);
  assert.throws(() => read(wide), /^Error: it is damaged$/);
});
