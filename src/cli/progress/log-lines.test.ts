import assert from "node:assert/strict";
import { test } from "node:test";
import { LogLines } from "./log-lines.ts";

test("lines come when they are finished, the last one at the end", () => {
  const lines = new LogLines();
  assert.deepEqual(lines.push(Buffer.from("one\ntw")), ["one"]);
  assert.deepEqual(lines.push(Buffer.from("o\n10%\r20%\nthr")), ["two", "10%", "20%"]);
  assert.deepEqual(lines.end(), ["thr"]);
});

test("a line without an end comes in pieces, none of it lost", () => {
  const lines = new LogLines();
  const pieces: string[] = [];
  let waiting = 0;
  for (let i = 0; i < 400; i += 1) {
    waiting += 10_000;
    for (const piece of lines.push(Buffer.from("ä".repeat(10_000)))) {
      pieces.push(piece);
      waiting -= piece.length;
    }
    assert.ok(waiting <= 1024 * 1024);
  }
  pieces.push(...lines.end());
  assert.ok(pieces.length > 3);
  assert.equal(pieces.join(""), "ä".repeat(4_000_000));
});
