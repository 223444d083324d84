import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../../std/fault.ts";
import { detachFilter, parseDetachKeys } from "./detach-keys.ts";

test("the keys that detach are docker's words", () => {
  assert.deepEqual(parseDetachKeys("ctrl-p,ctrl-q"), [16, 17]);
  assert.deepEqual(parseDetachKeys("ctrl-],a"), [29, 97]);
  for (const text of ["", "ctrl-1", "ab", "ctrl-p,"]) assert.throws(() => parseDetachKeys(text), (error) => isFault(error, "USAGE"), text);
});

test("what only begins like the keys that detach is handed on", () => {
  const typed = (...pieces: number[][]): (number[] | undefined)[] => {
    const filter = detachFilter([16, 17]);
    return pieces.map((piece) => filter(Uint8Array.from(piece))).map((bytes) => bytes && [...bytes]);
  };
  assert.deepEqual(typed([1, 2]), [[1, 2]]);
  assert.deepEqual(typed([1, 16], [17]), [[1], undefined]);
  assert.deepEqual(typed([16], [5]), [[], [16, 5]]);
  assert.deepEqual(typed([16, 16, 17]), [undefined]);
});
