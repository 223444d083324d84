import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { giveLoanBack, GrowingFile, type PieceLoan } from "./growing-file.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sampan-growing-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test("what is written is read as it comes, no byte of what is not announced, also after a rename", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    const file = new GrowingFile(path);
    writeFileSync(path, "one, two");
    file.grown(3);
    const reader = file.read();
    const first = (await reader.next()).value as Uint8Array;
    file.grown(8);
    assert.equal(Buffer.from((await reader.next()).value as Uint8Array).toString(), ", two");
    assert.equal(Buffer.from(first).toString(), "one", "it is still being sent");
    const rest = textOf(reader);
    appendFileSync(path, ", three");
    file.grown(15);
    renameSync(path, join(folder, "b"));
    file.moved(join(folder, "b"));
    file.end();
    assert.equal(await rest, ", three");
    assert.equal(await textOf(file.read()), "one, two, three");
  }));

test("readers that begin late get everything, and all of them what the writer met", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    const file = new GrowingFile(path);
    const early = textOf(file.read());
    writeFileSync(path, "abc");
    file.grown(3);
    file.fail(new Error("the disk is full"));
    await assert.rejects(early, /the disk is full/);
    await assert.rejects(textOf(file.read()), /the disk is full/);
    const empty = new GrowingFile(join(folder, "none"));
    empty.end();
    assert.equal(await textOf(empty.read()), "");
  }));

test("a file that is shorter than its writer said is an error and no endless wait", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    const file = new GrowingFile(path);
    writeFileSync(path, "abc");
    file.grown(10);
    await assert.rejects(textOf(file.read()), /shorter/);
  }));

test("memory that a reading is done with serves another one; that of a reading which goes on does not, whoever gives it back", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a");
    writeFileSync(path, "bytes");
    const memoryOf = async (whole: boolean, loan: PieceLoan): Promise<ArrayBufferLike> => {
      const file = new GrowingFile(path);
      file.grown(5);
      const reader = file.read(loan);
      const { buffer } = (await reader.next()).value as Uint8Array;
      if (whole) await reader.return();
      return buffer;
    };
    const [over, open]: PieceLoan[] = [{}, {}];
    const first = await memoryOf(true, over!);
    giveLoanBack(over!);
    await memoryOf(false, open!);
    const kept = open!.pair!.map(({ buffer }) => buffer);
    assert.ok(kept.includes(first));
    giveLoanBack(open!);
    assert.ok(!kept.includes(await memoryOf(true, {})));
  }));
