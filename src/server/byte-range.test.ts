import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseChunkRange, parseRange } from "./byte-range.ts";

test("a range is cut to the end of the content", () => {
  assert.deepEqual(parseRange("bytes=500-1499", 2000), { start: 500, end: 1499 });
  assert.deepEqual(parseRange("bytes=500-", 2000), { start: 500, end: 1999 });
  assert.deepEqual(parseRange("bytes=-500", 2000), { start: 1500, end: 1999 });
  assert.deepEqual(parseRange("bytes=-5000", 2000), { start: 0, end: 1999 });
  assert.deepEqual(parseRange("bytes=1000-5000", 2000), { start: 1000, end: 1999 });
});

test("a range behind the end, backwards or of no bytes is unsatisfiable", () => {
  for (const range of ["bytes=2000-", "bytes=2000-5000", "bytes=500-0", "bytes=-0"]) assert.equal(parseRange(range, 2000), "unsatisfiable", range);
  assert.equal(parseRange("bytes=0-", 0), "unsatisfiable");
});

test("several ranges, other units and nonsense mean the whole content", () => {
  for (const range of [undefined, "bytes=0-1,5-6", "lines=0-1", "bytes=", "bytes=-", "bytes=a-b", "0-1", "bytes=99999999999999999999-"]) assert.equal(parseRange(range, 2000), undefined, range);
});

test("whatever the header says, a range lies inside the content", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`), fc.nat().map((n) => `bytes=-${n}`)), fc.nat(), (header, size) => {
      const range = parseRange(header, size);
      if (typeof range === "object") assert.ok(0 <= range.start && range.start <= range.end && range.end < size);
    }),
  );
});

test("a chunk's Content-Range is two numbers in order", () => {
  assert.deepEqual(parseChunkRange("0-0"), { start: 0, end: 0 });
  assert.deepEqual(parseChunkRange("10-19"), { start: 10, end: 19 });
  for (const text of ["", "10", "10-", "-10", "19-10", "bytes 0-9/10", "bytes=0-9", "0-9/10", "0x0-9", " 0-9"]) assert.equal(parseChunkRange(text), undefined, text);
});
