import assert from "node:assert/strict";
import type { FileHandle } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { writeChunks } from "./write-chunks.ts";

/** A file that takes at most so many bytes at once. */
function slowFile(most: number, content: number[], start: number): FileHandle {
  let at = start;
  const writev = (chunks: Uint8Array[], position?: number): Promise<{ bytesWritten: number }> => {
    const taken = Buffer.concat(chunks).subarray(0, most);
    at = position ?? at;
    for (const byte of taken) content[at++] = byte;
    return Promise.resolve({ bytesWritten: taken.length });
  };
  return { writev } as unknown as FileHandle;
}

test("everything is written in order, however little a call takes", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 9 })), fc.integer({ min: 1, max: 12 }), fc.option(fc.nat(20), { nil: undefined }), async (chunks, most, position) => {
    const content: number[] = Array.from({ length: position ?? 0 }, () => 7);
    const before = [...content];
    await writeChunks(slowFile(most, content, 0), chunks, position);
    assert.deepEqual(content, [...before, ...Buffer.concat(chunks)]);
  }));
});
