import assert from "node:assert/strict";
import { test } from "node:test";
import { CleanupStack } from "../../std/cleanup-stack.ts";
import { openedAhead } from "./opened-ahead.ts";

function counting() {
  const log: string[] = [];
  const open = async function* (start: number): AsyncGenerator<Uint8Array> {
    log.push(`open ${start}`);
    try {
      for (let byte = start; byte < 4; byte += 1) yield Uint8Array.of(byte);
    } finally {
      log.push("closed");
    }
  };
  return { log, open };
}

async function read(source: AsyncIterable<Uint8Array>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const piece of source) bytes.push(...piece);
  return bytes;
}

test("it is open before it is read, is given once, and opened again after that", async () => {
  const { log, open } = counting();
  using ahead = openedAhead(open);
  assert.deepEqual(log, ["open 0"]);
  assert.deepEqual(await read(ahead.open(2)), [2, 3]);
  assert.deepEqual(await read(ahead.open(0)), [0, 1, 2, 3]);
  assert.deepEqual(await read(ahead.open(0)), [0, 1, 2, 3]);
  assert.deepEqual(log, ["open 0", "open 2", "closed", "closed", "open 0", "closed"]);
});

test("it is closed when its reader leaves, and when nobody has read it", async () => {
  const { log, open } = counting();
  {
    using ahead = openedAhead(open);
    for await (const piece of ahead.open(0)) if (piece[0] === 1) break;
    assert.deepEqual(log, ["open 0", "closed"]);
  }
  { using _unread = openedAhead(open); }
  await new Promise(setImmediate);
  assert.deepEqual(log, ["open 0", "closed", "open 0", "closed"]);
});

test("of many only some are open before they are read, as each takes a connection from those that are", async () => {
  const { log, open } = counting();
  using all = new CleanupStack();
  const many = Array.from({ length: 6 }, () => all.use(openedAhead(open)));
  assert.equal(log.length, 4);
  assert.deepEqual(await read(many[5]!.open(0)), [0, 1, 2, 3]);
  assert.deepEqual(await read(many[0]!.open(0)), [0, 1, 2, 3]);
  all.use(openedAhead(open));
  assert.deepEqual(log.slice(4), ["open 0", "closed", "closed", "open 0"]);
  all[Symbol.dispose]();
  using _next = openedAhead(open);
  assert.equal(log.at(-1), "open 0");
});

test("what it fails with is thrown to who reads it", async () => {
  // oxlint-disable-next-line require-yield
  using ahead = openedAhead(async function* () { throw new Error("gone"); });
  await new Promise(setImmediate);
  await assert.rejects(read(ahead.open(0)), /gone/);
});
