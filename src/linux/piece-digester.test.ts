import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { haveLibc } from "./libc.ts";
import { openOpensslHash } from "./openssl-hash.ts";
import { pieceDigester } from "./piece-digester.ts";

/** Bytes after which blobs are hashed by other threads. */
const MUCH = 1024 * 1024 * 1024;

describe("a digester of pieces", () => {
  test("computes in other threads where C functions can be called", { skip: haveLibc() ? false : "koffi is not installed" }, () => {
    const hash = openOpensslHash("sha256");
    assert.ok(hash, "this Node has OpenSSL's functions");
    assert.equal(hash.digest().toString("hex"), createHash("sha256").digest("hex"));
    hash.free();
  });

  test("tells what Node tells, whatever the pieces are, though their memory is used again as soon as the one after was taken", async () => {
    const sizes = fc.array(fc.oneof(fc.nat(2000), fc.integer({ min: 120_000, max: 600_000 })), { maxLength: 8 });
    await fc.assert(fc.asyncProperty(sizes, fc.constantFrom("sha256" as const, "sha512" as const), fc.constantFrom(0, MUCH), async (lengths, algorithm, size) => {
      await using digester = pieceDigester(algorithm, size);
      const whole = createHash(algorithm);
      let before: Buffer | undefined;
      for (const [index, length] of lengths.entries()) {
        const piece = Buffer.alloc(length, index + 1);
        whole.update(piece);
        await digester.take(piece);
        before?.fill(0xff);
        before = piece;
      }
      assert.equal(await digester.digest(), `${algorithm}:${whole.digest("hex")}`);
    }), { numRuns: 60 });
  });

  test("is right however many there are at once", async () => {
    const [pieces, wanted] = [[1, 2].map((value) => Buffer.alloc(300_000, value)), createHash("sha256")];
    for (const piece of pieces) wanted.update(piece);
    const expected = `sha256:${wanted.digest("hex")}`;
    const digests = await Promise.all(Array.from({ length: 600 }, async () => {
      await using digester = pieceDigester("sha256", MUCH);
      for (const piece of pieces) await digester.take(piece);
      return digester.digest();
    }));
    assert.deepEqual([...new Set(digests)], [expected]);
  });

  test("may be left while another thread is at work", async () => {
    for (let count = 0; count < 20; count += 1) {
      await using digester = pieceDigester("sha256", MUCH);
      await digester.take(Buffer.alloc(500_000, count));
    }
  });
});
