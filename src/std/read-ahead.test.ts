import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { readAhead } from "./read-ahead.ts";

test("all pieces that have come are read, and none that has not", () => {
  const stream = new PassThrough();
  assert.equal(readAhead(stream).length, 0);
  for (const text of ["one ", "two ", "three"]) stream.write(text);
  assert.equal(readAhead(stream).toString(), "one two three");
  assert.equal(readAhead(stream).length, 0);
  stream.write("four");
  assert.equal(readAhead(stream).toString(), "four");
});
