import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { BackgroundFlush } from "./background-flush.ts";

test("a file can be closed when its flush has ended, and flushing goes on while it grows", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-flush-"));
  const file = openSync(join(folder, "file"), "w");
  try {
    const flush = new BackgroundFlush(file);
    const piece = Buffer.alloc(8 * 1024 * 1024, 1);
    for (let size = piece.length; size <= 10 * piece.length; size += piece.length) {
      writeSync(file, piece);
      flush.written(size);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await flush.end();
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
});

test("what the system says at the end is thrown there, what it said before is not lost in between", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-flush-"));
  const file = openSync(join(folder, "file"), "w");
  const flush = new BackgroundFlush(file);
  closeSync(file);
  try {
    flush.written(64 * 1024 * 1024);
    await flush.settled();
    await assert.rejects(flush.end(), { code: "EBADF" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
