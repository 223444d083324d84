import assert from "node:assert/strict";
import { test } from "node:test";
import { Readable } from "node:stream";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { PacketSchema } from "../api/filesync_pb.ts";
import { frame, frameHead, readFrames, varint } from "./grpc-frames.ts";

async function read(...chunks: Uint8Array[]): Promise<Buffer[]> {
  const messages: Buffer[] = [];
  for await (const message of readFrames(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) messages.push(message);
  return messages;
}

test("a message in pieces is the message that protobuf makes", async () => {
  const data = new Uint8Array(70_000).fill(7);
  const head = frameHead([0x08, 2, 0x18, ...varint(300)], 0x22, data.length);
  const [message] = await read(head, data);
  assert.deepEqual(message, Buffer.from(toBinary(PacketSchema, create(PacketSchema, { type: 2, id: 300, data }))));
  assert.equal(fromBinary(PacketSchema, message!).id, 300);
});

test("frames are found however the stream is cut", async () => {
  const all = Buffer.concat(["", "a", "bc".repeat(200), "end"].map((text) => frame(Buffer.from(text))));
  for (const size of [1, 2, 4, 5, 6, 7, 100, all.length]) {
    const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.subarray(index * size, (index + 1) * size));
    assert.deepEqual((await read(...chunks)).map(String), ["", "a", "bc".repeat(200), "end"]);
  }
});

test("what is cut, packed or too long is refused", async () => {
  await assert.rejects(read(frame(Buffer.from("abc")).subarray(0, 6)), /inside of a message/);
  await assert.rejects(read(Buffer.from([1, 0, 0, 0, 1, 0])), /packed/);
  await assert.rejects(read(Buffer.from([0, 255, 255, 255, 255])), /too long/);
});
