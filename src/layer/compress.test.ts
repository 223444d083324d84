import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import type { Codec } from "../oci/media-type.ts";
import { createCompressor } from "./compress.ts";
import { decompress } from "./decompress.ts";

async function compress(bytes: Buffer, codec: Codec, options: { level?: number; pieces?: readonly number[] } = {}): Promise<Buffer> {
  const out: Buffer[] = [];
  const compressor = createCompressor(codec, (piece) => void out.push(Buffer.from(piece)), options);
  const scratch = Buffer.alloc(4 * 1024 * 1024);
  const pieces = options.pieces ?? [256 * 1024];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = Math.min(pieces[turn % pieces.length]!, bytes.length - at);
    bytes.copy(scratch, 0, at, at + length);
    await compressor.write(scratch.subarray(0, length));
    scratch.fill(0xaa, 0, length); // whoever still looks at it would see other bytes
    at += length;
  }
  await compressor.end();
  return Buffer.concat(out);
}

/** Text, zeros and noise, longer than a few blocks. */
const mixed = Buffer.concat([
  Buffer.from(Array.from({ length: 40_000 }, (_, line) => `line ${line} says ${createHash("md5").update(String(line)).digest("hex")}\n`).join("")),
  Buffer.alloc(1_500_000),
  randomFillSync(Buffer.alloc(2_500_000)),
  Buffer.from("end"),
]);

for (const codec of ["gzip", "zstd", "none"] as const) {
  test(`${codec}: what was compressed is what comes out of the usual program`, async () => {
    const program = { gzip: ["gzip", "-dc"], zstd: ["zstd", "-dcq"], none: ["cat"] }[codec];
    for (const bytes of [mixed, Buffer.alloc(0), Buffer.from("x"), mixed.subarray(0, 1024 * 1024), mixed.subarray(0, 1024 * 1024 + 1), mixed.subarray(0, 2 * 1024 * 1024), mixed.subarray(0, 2 * 1024 * 1024 + 1)]) {
      const packed = await compress(bytes, codec);
      const unpacked = execFileSync(program[0]!, program.slice(1), { input: packed, maxBuffer: 2 ** 26 });
      assert.ok(unpacked.equals(bytes), `${bytes.length} bytes`);
    }
  });

  test(`${codec}: the output does not depend on the sizes of the pieces`, async () => {
    const whole = await compress(mixed, codec);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1000, max: 3_000_000 }), { minLength: 1, maxLength: 5 }), async (pieces) => {
        assert.ok((await compress(mixed, codec, { pieces })).equals(whole));
      }),
      { numRuns: 4 },
    );
  });
}

for (const codec of ["gzip", "zstd"] as const) {
  test(`${codec}: the memory of blocks does not pile up`, () => {
    // In a process of its own, where nobody else's garbage comes and goes.
    const most = execFileSync(process.execPath, ["--input-type=module", "--eval", `
      import { randomFillSync } from "node:crypto";
      import { createCompressor } from ${JSON.stringify(new URL("compress.ts", import.meta.url).href)};
      const piece = Buffer.alloc(1024 * 1024);
      const compressor = createCompressor("${codec}", () => undefined);
      let most = 0;
      for (let turn = 0; turn < 64; turn += 1) {
        randomFillSync(piece, turn % 2 === 0 ? 0 : 512 * 1024);
        await compressor.write(piece);
        most = Math.max(most, process.memoryUsage().arrayBuffers);
      }
      await compressor.end();
      console.log(most);
    `], { encoding: "utf8" });
    assert.ok(Number(most) < 28 * 1024 * 1024, `${most} bytes`);
  });
}

test("gzip: it is one member, with Go's header", async () => {
  const packed = await compress(mixed, "gzip");
  assert.equal(packed.toString("hex", 0, 10), "1f8b08000000000000ff");
  assert.equal(packed.indexOf(packed.subarray(0, 10), 1), -1);
  assert.ok(gunzipSync(packed).equals(mixed));
});

test("gzip: what is compressed already is stored, so that it does not grow by more than a little", async () => {
  const noise = randomFillSync(Buffer.alloc(3 * 1024 * 1024));
  const packed = await compress(noise, "gzip");
  assert.ok(packed.length < noise.length * 1.001, `${packed.length}`);
  assert.ok(packed.includes(noise.subarray(100_000, 120_000)));
});

test("zstd: there is a frame for every 2 MiB, each with its size and a checksum", async () => {
  const packed = await compress(mixed, "zstd");
  const starts = [];
  for (let at = packed.indexOf("28b52ffd", 0, "hex"); at >= 0; at = packed.indexOf("28b52ffd", at + 1, "hex")) starts.push(at);
  assert.equal(starts.length, Math.ceil(mixed.length / 2 ** 21));
  for (const at of starts) assert.equal(packed[at + 4]! & 0b1100_0100, 0b1000_0100, "size in four bytes, checksum");
  const unpacked: Buffer[] = [];
  await decompress([packed], "zstd", "test", (chunk) => void unpacked.push(Buffer.from(chunk)));
  assert.ok(Buffer.concat(unpacked).equals(mixed));
});

test("the level decides about the size", async () => {
  const words = ["layer", "image", "digest", "manifest", "registry", "snapshot", "whiteout", "the", "of", "and"];
  const text = Buffer.from(Array.from({ length: 200_000 }, (_, at) => words[(at * at + (at >> 3)) % 97 % words.length]).join(" "));
  for (const codec of ["gzip", "zstd"] as const) {
    const [low, high] = [await compress(text, codec, { level: 1 }), await compress(text, codec, { level: 9 })];
    assert.ok(high.length < low.length, `${codec}: ${high.length} < ${low.length}`);
  }
});

for (const codec of ["gzip", "zstd"] as const) {
  test(`${codec}: blocks serve the next layer too, and no result is copied`, async (context) => {
    const layer = Buffer.concat([randomFillSync(Buffer.alloc(512 * 1024)), Buffer.alloc(5_000_000, "text ")]);
    const once = async (): Promise<void> => {
      const compressor = createCompressor(codec, () => undefined);
      for (let at = 0; at < layer.length; at += 256 * 1024) await compressor.write(layer.subarray(at, at + 256 * 1024));
      await compressor.end();
    };
    await once();
    const [blocks, copies] = [context.mock.method(Buffer, "allocUnsafeSlow"), context.mock.method(Buffer, "concat")];
    await once();
    assert.deepEqual([blocks.mock.callCount(), copies.mock.callCount()], [0, 0]);
  });
}
