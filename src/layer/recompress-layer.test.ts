import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { makeTree } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { isFault } from "../std/fault.ts";
import { packLayer } from "./pack-layer.ts";
import { recompressLayer, type RecompressOptions } from "./recompress-layer.ts";

test("between all codecs, what was packed comes out as packing its folder would have made it", async (context) => {
  const folder = temporaryFolder(context);
  const upper = makeTree(join(folder, "upper"), { text: { file: Buffer.alloc(3_000_000, "text ") }, noise: { file: randomBytes(3_000_000) } });
  const codecs: readonly Codec[] = ["none", "gzip", "zstd"];
  const packed = new Map(await Promise.all(codecs.map(async (codec) => [codec, await packLayer({ upper, lowers: [], codec, output: join(folder, codec) })] as const)));
  for (const from of codecs) {
    for (const codec of codecs) {
      const output = join(folder, "again");
      const again = await recompressLayer({ blob: join(folder, from), from, diffId: packed.get(from)!.diffId, codec, output });
      assert.deepEqual(again, { digest: packed.get(codec)!.digest, size: packed.get(codec)!.blobSize }, `${from} to ${codec}`);
      assert.equal(sha256(readFileSync(output)), again.digest);
    }
  }
});

test("damaged layers, wrong ones and those without end are refused", async (context) => {
  const folder = temporaryFolder(context);
  const tar = Buffer.alloc(4_000_000, "bytes of a tar");
  const recompress = (bytes: Uint8Array, more: Partial<RecompressOptions>): Promise<unknown> => {
    writeFileSync(join(folder, "blob"), bytes);
    return recompressLayer({ blob: join(folder, "blob"), from: "gzip", diffId: sha256(tar), codec: "zstd", output: join(folder, "out"), ...more });
  };
  await assert.rejects(recompress(gzipSync(tar).subarray(0, 2_000), {}), (error) => isFault(error, "ARCHIVE_DAMAGED"));
  await assert.rejects(recompress(tar, { from: "zstd" }), (error) => isFault(error, "ARCHIVE_DAMAGED"));
  await assert.rejects(recompress(gzipSync(tar), { diffId: sha256("other") }), (error) => isFault(error, "LAYER_DIFF_ID"));
  await assert.rejects(recompress(zstdCompressSync(tar), { from: "zstd", maxBytes: 3_000_000 }), (error) => isFault(error, "ARCHIVE_TOO_LARGE"));
});
