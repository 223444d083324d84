import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { PieceWriter } from "./piece-writer.ts";

test("pieces of any size are in the file in their order, though the memory of each is used again when the next one was taken", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-pieces-"));
  const memories = [Buffer.alloc(1_000_000), Buffer.alloc(1_000_000)];
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 100_000, max: 140_000 }), fc.integer({ min: 400_000, max: 1_000_000 })), { maxLength: 16 }), fc.boolean(), async (sizes, behind) => {
        const path = join(folder, "file");
        const expected: Buffer[] = behind ? [Buffer.from("before ")] : [];
        {
          await using file = await open(path, "w");
          if (behind) await file.write("before ");
          const writer = behind ? new PieceWriter(file, 7) : new PieceWriter(file);
          for (const [index, size] of sizes.entries()) {
            const bytes = randomBytes(size);
            expected.push(bytes);
            bytes.copy(memories[index % 2]!);
            await writer.write(memories[index % 2]!.subarray(0, size));
            memories[(index + 1) % 2]!.fill(0xaa);
          }
          await writer.end();
        }
        assert.ok(readFileSync(path).equals(Buffer.concat(expected)));
      }),
      { numRuns: 40 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what the file system throws comes with the next piece or the end", async () => {
  const file = await open("/dev/full", "w");
  const writer = new PieceWriter(file);
  await writer.write(Buffer.alloc(200_000));
  await assert.rejects(writer.write(Buffer.alloc(1)), { code: "ENOSPC" });
  await assert.rejects(writer.end(), { code: "ENOSPC" });
  await file.close();
});
