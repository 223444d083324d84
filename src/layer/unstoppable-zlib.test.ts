import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import zlib from "node:zlib";
import { BUSY, FREE, setThreadLock } from "../std/unstoppable.ts";
import { createCompressor } from "./compress.ts";
import { decompressed } from "./decompress.ts";

const MAKERS = ["createDeflateRaw", "createZstdCompress", "deflateRawSync", "createGunzip", "createZstdDecompress"] as const;

test("objects of zlib's are made where their thread is not ended: one that is not set up yet would take the process with it", async (context) => {
  const lock = new Int32Array(new SharedArrayBuffer(4));
  setThreadLock(lock);
  const seen: Record<string, number[]> = {};
  const makers = zlib as unknown as Record<string, (...values: unknown[]) => unknown>;
  for (const name of MAKERS) {
    const make = makers[name]!;
    context.mock.method(makers, name, (...values: unknown[]) => {
      (seen[name] ??= []).push(lock[0]!);
      return make(...values);
    });
  }
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const text = Buffer.alloc(200_000, "what is packed here ");
  for (const [codec, content] of [["gzip", text], ["gzip", text.subarray(0, 100)], ["gzip", randomBytes(200_000)], ["zstd", text]] as const) {
    const pieces: Buffer[] = [];
    const compressor = createCompressor(codec, (piece) => void pieces.push(Buffer.from(piece)));
    await compressor.write(content);
    await compressor.end();
    const unpacked: Buffer[] = [];
    for await (const piece of decompressed(pieces, codec, "layer")) unpacked.push(Buffer.from(piece));
    assert.ok(Buffer.concat(unpacked).equals(content));
  }
  assert.deepEqual(Object.keys(seen).sort(), [...MAKERS].sort());
  for (const name of MAKERS) assert.ok(seen[name]!.every((value) => value === BUSY), name);
  assert.equal(lock[0], FREE);
});
