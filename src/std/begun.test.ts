import assert from "node:assert/strict";
import { test } from "node:test";
import { begun } from "./begun.ts";

function counting(failure?: Error) {
  const log: string[] = [];
  const source = (async function* () {
    log.push("begun");
    try {
      if (failure) throw failure;
      for (let piece = 0; piece < 3; piece += 1) yield piece;
    } finally {
      log.push("left");
    }
  })();
  return { log, source };
}

async function read<Piece>(source: AsyncIterable<Piece>): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for await (const piece of source) pieces.push(piece);
  return pieces;
}

test("a source is asked before it is read, and read from its beginning", async () => {
  const { log, source } = counting();
  using ahead = begun(source);
  assert.deepEqual(log, ["begun"]);
  assert.deepEqual(await read(ahead), [0, 1, 2]);
  assert.deepEqual(log, ["begun", "left"]);
});

test("it is left when its reader leaves, and when nobody has read it", async () => {
  const one = counting();
  for await (const piece of begun(one.source)) if (piece === 1) break;
  assert.deepEqual(one.log, ["begun", "left"]);
  const other = counting();
  {
    using _ = begun(other.source);
  }
  await new Promise(setImmediate);
  assert.deepEqual(other.log, ["begun", "left"]);
});

test("what it throws first is thrown to who reads it, and to nobody else", async () => {
  const failure = new Error("no such thing");
  {
    using _ = begun(counting(failure).source);
    await new Promise(setImmediate);
  }
  await assert.rejects(read(begun(counting(failure).source)), failure);
});
