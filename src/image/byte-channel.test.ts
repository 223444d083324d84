import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteChannel } from "./byte-channel.ts";

test("bytes come out in order, and the pusher waits until they are taken", async () => {
  const channel = new ByteChannel();
  const taken: number[] = [];
  const reading = (async () => { for await (const chunk of channel) taken.push(chunk[0]!); })();
  for (let i = 0; i < 5; i += 1) {
    channel.push(Uint8Array.of(i));
    await channel.drained();
    assert.equal(taken.length, i + 1);
  }
  channel.end();
  await reading;
  assert.deepEqual(taken, [0, 1, 2, 3, 4]);
});

test("one who stops taking does not block the pusher", async () => {
  const channel = new ByteChannel();
  channel.push(Uint8Array.of(1));
  channel.push(Uint8Array.of(2));
  for await (const _ of channel) break;
  channel.push(Uint8Array.of(3));
  await channel.drained();
  assert.deepEqual(await channel.next(), { done: true, value: undefined });
});

test("a failure reaches the one who takes", async () => {
  const channel = new ByteChannel();
  const reading = channel.next();
  channel.fail(new Error("cut off"));
  await assert.rejects(reading, /cut off/);
});
