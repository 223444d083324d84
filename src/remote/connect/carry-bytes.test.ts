import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { messagesOf, writeMessages } from "./carry-messages.ts";
import { socketPair } from "./socket-pair.ts";

async function* pieces(...texts: string[]): AsyncGenerator<{ data: Uint8Array }> {
  for (const each of texts) yield { data: Buffer.from(each) };
}

test("a connection inside of messages carries bytes in both directions and ends with them", async () => {
  const [near, far] = await socketPair();
  const read = text(far);
  far.write("outgoing");
  const outgoing = messagesOf(near);
  assert.equal(Buffer.from((await outgoing.next()).value!.data).toString(), "outgoing");
  await writeMessages(pieces("in", "", "coming"), near);
  assert.equal(await read, "incoming");
  assert.equal((await outgoing.next()).done, true);
});

test("what breaks the messages breaks the connection", async () => {
  const [near, far] = await socketPair();
  const closed = new Promise((resolve) => far.once("close", resolve).resume());
  await assert.rejects(writeMessages((async function* () {
    yield { data: Buffer.from("x") };
    throw new Error("cut");
  })(), near), /cut/);
  await closed;
});
