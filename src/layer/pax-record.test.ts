import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPaxRecord, parsePaxRecords, parsePaxTime } from "./pax-record.ts";

test("records with any bytes in their values come back as they were written", () => {
  const key = fc.stringMatching(/^[A-Za-z][A-Za-z.]{0,120}$/).filter((text) => !["path", "linkpath", "uname", "gname"].includes(text));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, fc.uint8Array({ minLength: 0, maxLength: 1100 })), { selector: ([name]) => name, maxLength: 5 }), (records) => {
      const content = Buffer.concat(records.map(([name, value]) => formatPaxRecord(name, value)));
      const parsed = parsePaxRecords(content);
      assert.deepEqual([...parsed!].map(([name, value]) => [name, [...value]]), records.map(([name, value]) => [name, [...value]]));
    }),
  );
});

test("the length of a record counts its own digits, also where they add one", () => {
  for (const [bytes, length] of [[1, "4 "], [6, "9 "], [7, "11 "], [95, "99 "], [96, "101 "]] as const) {
    const record = formatPaxRecord("", Buffer.alloc(bytes - 1, 0x61));
    assert.ok(record.toString().startsWith(length), `${bytes}: ${record}`);
    assert.equal(record.length, Number(length));
  }
});

test("records that break the grammar are refused", () => {
  for (const text of ["", "x", "5 a=\n", "6 a=b", "6 a=b\nx", "60 a=b\n", "-6 a=b\n", "06 ab\n", "6 =b\n\n", "7 a\0=b\n", "11 path=a\0\n", "99999999999 a=b\n"]) {
    const parsed = parsePaxRecords(Buffer.from(text));
    if (text === "" || text === "5 a=\n") assert.ok(parsed, JSON.stringify(text));
    else assert.equal(parsed, undefined, JSON.stringify(text));
  }
});

test("times have nine digits of fraction, also before 1970", () => {
  assert.deepEqual(parsePaxTime("1.5"), { seconds: 1, nanoseconds: 500_000_000 });
  assert.deepEqual(parsePaxTime("1700000000.1234567899"), { seconds: 1_700_000_000, nanoseconds: 123_456_789 });
  assert.deepEqual(parsePaxTime("-1.25"), { seconds: -2, nanoseconds: 750_000_000 });
  assert.deepEqual(parsePaxTime("-7"), { seconds: -7, nanoseconds: 0 });
  for (const text of ["", "x", "1.x", "1e3", " 1", "1,5"]) assert.equal(parsePaxTime(text), undefined, text);
});
