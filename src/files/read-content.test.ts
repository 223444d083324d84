import assert from "node:assert/strict";
import { appendFileSync, lstatSync, renameSync, symlinkSync, truncateSync, unlinkSync, writeFileSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import { readContent, statAgain } from "./read-content.ts";

const statOf = (path: string): BigIntStats => lstatSync(path, { bigint: true });

for (const size of [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3_000_000]) {
  test(`a file of ${size} bytes is read whole`, (t) => {
    const path = join(temporaryFolder(t), "f");
    const content = Buffer.alloc(size, "0123456789");
    writeFileSync(path, content);
    const pieces: Buffer[] = [];
    readContent(path, statOf(path), (piece) => void pieces.push(Buffer.from(piece)));
    assert.equal(Buffer.concat(pieces).equals(content), true);
  });
}

const CHANGES: Record<string, (path: string) => void> = {
  grows: (path) => appendFileSync(path, "more"),
  shrinks: (path) => truncateSync(path, 2),
  "is written anew": (path) => writeFileSync(path, Buffer.alloc(2_000_000, "y")),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test(`a file that ${what} while it is read is a fault that names it`, (t) => {
    const path = join(temporaryFolder(t), "f");
    writeFileSync(path, Buffer.alloc(2_000_000, "x"));
    let changed = false;
    const onPiece = (): void => {
      if (!changed) change(path);
      changed = true;
    };
    assert.throws(() => readContent(path, statOf(path), onPiece), (error) => isFault(error, "FILE_CHANGED") && error.message.includes(path));
  });
}

test("a file that was replaced after it was looked at is a fault, even by one of equal size and time", (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "f");
  writeFileSync(path, "one");
  const stat = statOf(path);
  writeFileSync(join(folder, "g"), "two");
  renameSync(join(folder, "g"), path);
  assert.throws(() => readContent(path, stat, () => {}), (error) => isFault(error, "FILE_CHANGED"));
});

test("a symlink that took the place of a file is not followed", (t) => {
  const path = join(temporaryFolder(t), "f");
  writeFileSync(path, "one");
  const stat = statOf(path);
  unlinkSync(path);
  symlinkSync("/etc/hostname", path);
  assert.throws(() => readContent(path, stat, () => {}), (error) => isFault(error, "CONTEXT_UNREADABLE"));
});

test("a file that vanished is a fault that names it", (t) => {
  const path = join(temporaryFolder(t), "f");
  writeFileSync(path, "one");
  const stat = statOf(path);
  unlinkSync(path);
  for (const read of [() => readContent(path, stat, () => {}), () => void statAgain(path)]) {
    assert.throws(read, (error) => isFault(error, "CONTEXT_UNREADABLE") && error.message.includes("vanished"));
  }
});
