import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame, frameReader } from "./attach-frames.ts";

test("frames come out as they went in, however they are cut", () => {
  const frames = [["stdout", "a line\n"], ["size", "80 24"], ["stderr", ""], ["stdin", "x".repeat(1000)]] as const;
  const bytes = Buffer.concat(frames.map(([kind, text]) => encodeFrame(kind, Buffer.from(text))));
  for (const step of [1, 3, 7, 10_000]) {
    const got: [string, string][] = [];
    const read = frameReader((kind, data) => got.push([kind, data.toString()]));
    for (let at = 0; at < bytes.length; at += step) read(bytes.subarray(at, at + step));
    assert.deepEqual(got, frames);
  }
  assert.throws(() => frameReader(() => undefined)(Buffer.from([9, 0, 0, 0, 1])));
  assert.throws(() => frameReader(() => undefined)(Buffer.from([1, 0xff, 0, 0, 1])));
});
