import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { gzipped } from "./gzipped.ts";

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("the result is gzip of the bytes, the same for any pieces, and can be continued from any byte", async () => {
  const bytes = Buffer.concat([Buffer.alloc(2_500_000, "plain "), randomBytes(700_000)]);
  const whole = await collect(gzipped(inPieces(bytes, 65_536)));
  assert.ok(gunzipSync(whole).equals(bytes));
  assert.ok((await collect(gzipped(inPieces(bytes, 1_000_003)))).equals(whole));
  for (const start of [1, 11, 500_000, whole.length - 1, whole.length]) {
    assert.ok((await collect(gzipped(inPieces(bytes, 65_536), start))).equals(whole.subarray(start)), `from ${start}`);
  }
});
