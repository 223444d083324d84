import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { test } from "node:test";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { decompress, type Compression } from "./decompress.ts";

async function unpack(packed: Buffer, compression: Compression, piece = 700): Promise<Buffer> {
  const out: Buffer[] = [];
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < packed.length; at += piece) yield packed.subarray(at, at + piece);
  };
  await decompress(pieces(), compression, "test.tar", (chunk) => void out.push(Buffer.from(chunk)));
  return Buffer.concat(out);
}

const bytes = Buffer.concat([Buffer.from("hello world ".repeat(9000)), randomFillSync(Buffer.alloc(50_000)), Buffer.alloc(100_000)]);
const skippable = Buffer.concat([Buffer.from("542a4d1805000000", "hex"), Buffer.from("5 odd")]);

const pack: Record<Compression, (data: Buffer) => Buffer> = {
  none: (data) => data,
  gzip: (data) => gzipSync(data),
  zstd: (data) => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  bzip2: (data) => execFileSync("bzip2", ["-c"], { input: data }),
  xz: (data) => execFileSync("xz", ["-c", "--block-size=60000"], { input: data }),
};

for (const compression of ["none", "gzip", "zstd", "bzip2", "xz"] as const) {
  test(`${compression} data comes out as it went in, in pieces of any size`, async () => {
    for (const data of [bytes, Buffer.alloc(0), Buffer.from("x")]) {
      const packed = pack[compression](data);
      for (const piece of [1 << 20, 700, ...(data.length < 10 ? [1] : [])]) assert.ok((await unpack(packed, compression, piece)).equals(data), `${data.length} in pieces of ${piece}`);
    }
  });
  if (compression === "none") continue;

  test(`${compression} data that is cut short or changed is refused`, async () => {
    const packed = pack[compression](bytes);
    const changed = Buffer.from(packed);
    changed[Math.floor(packed.length / 2)]! ^= 0x55;
    for (const bad of [packed.subarray(0, packed.length / 2), changed]) {
      await assert.rejects(unpack(bad, compression), (error) => isFault(error, "ARCHIVE_DAMAGED"));
    }
  });

  test(`an error of whoever takes the ${compression} data comes through as it is`, async () => {
    const own = new Error("own");
    await assert.rejects(decompress([pack[compression](bytes)], compression, "test.tar", () => { throw own; }), own);
  });
}

for (const compression of ["gzip", "zstd", "bzip2"] as const) {
  test(`several ${compression} files in a row are one`, async () => {
    const packed = Buffer.concat([pack[compression](bytes), pack[compression](Buffer.from("and ")), pack[compression](bytes)]);
    const expected = Buffer.concat([bytes, Buffer.from("and "), bytes]);
    for (const piece of [1 << 20, 1234]) assert.ok((await unpack(packed, compression, piece)).equals(expected));
  });
}

test("zstd frames of every shape, with skippable ones between, are all read", async () => {
  const variants = [["-1"], ["-19", "--no-check"], ["-3", "--no-content-size"], ["--long=27"]];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length), fc.nat(variants.length - 1), fc.boolean()), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 5000 }), async (frames, piece) => {
      const packed = frames.flatMap(([length, variant, skip]) => [
        execFileSync("zstd", ["-qc", ...variants[variant]!], { input: bytes.subarray(0, length) }),
        ...(skip ? [skippable] : []),
      ]);
      const unpacked = await unpack(Buffer.concat(packed), "zstd", piece);
      assert.ok(unpacked.equals(Buffer.concat(frames.map(([length]) => bytes.subarray(0, length)))));
    }),
    { numRuns: 8 },
  );
});

test("garbage behind compressed data is refused", async () => {
  for (const compression of ["gzip", "zstd"] as const) {
    await assert.rejects(unpack(Buffer.concat([pack[compression](bytes), Buffer.from("garbage!")]), compression), (error) => isFault(error, "ARCHIVE_DAMAGED"));
  }
});
