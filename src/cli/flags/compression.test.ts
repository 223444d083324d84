import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { readPacking } from "./compression.ts";

test("codec, level and force are read from one word or from fields", () => {
  const read = (compression: string | undefined, level?: string, force = false) => readPacking({ compression, level, force }, "--compression");
  assert.equal(read(undefined), undefined);
  assert.deepEqual(read("zstd"), { codec: "zstd" });
  assert.deepEqual(read("zstd:19", undefined, true), { codec: "zstd", level: 19, force: true });
  assert.deepEqual(read("gzip", "9"), { codec: "gzip", level: 9 });
  assert.deepEqual(read(undefined, "4"), { codec: "gzip", level: 4 });
  assert.deepEqual(read("uncompressed"), { codec: "none" });
  assert.deepEqual(read(undefined, undefined, true), { codec: "gzip", force: true });
});

test("what is no compression, or a level that it has not, is refused", () => {
  for (const word of ["lz4", "", "gzip:0", "gzip:10", "zstd:23", "zstd:-1", "none:1", "zstd:x", "toString"]) {
    assert.throws(() => readPacking({ compression: word, force: false }, "--compression"), (error) => isFault(error, "USAGE"), word);
  }
  for (const word of ["estargz", "zstd:chunked"]) {
    assert.throws(() => readPacking({ compression: word, force: false }, "--compression"), (error) => isFault(error, "NOT_SUPPORTED"), word);
  }
});
