import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { makeFolders, syncFolder, unlinkDurably, writeDurably } from "./durable-file.ts";

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-durable-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a write replaces the whole file and leaves no draft", async (context) => {
  const folder = scratch(context);
  mkdirSync(join(folder, "temporary"));
  writeFileSync(join(folder, "x"), "a longer text");
  await writeDurably(join(folder, "x"), "short", join(folder, "temporary"));
  assert.equal(readFileSync(join(folder, "x"), "utf8"), "short");
  assert.deepEqual(readdirSync(join(folder, "temporary")), []);
});

test("a write that fails leaves the old file and no draft", async (context) => {
  const folder = scratch(context);
  mkdirSync(join(folder, "temporary"));
  mkdirSync(join(folder, "x"));
  await assert.rejects(writeDurably(join(folder, "x"), "text", join(folder, "temporary")), { code: "EISDIR" });
  assert.deepEqual(readdirSync(join(folder, "temporary")), []);
});

test("removing a file that is not there is told, not an error", async (context) => {
  const folder = scratch(context);
  writeFileSync(join(folder, "x"), "");
  assert.equal(await unlinkDurably(join(folder, "x")), true);
  assert.equal(await unlinkDurably(join(folder, "x")), false);
});

test("folders are made with their parents, and again without complaint", async (context) => {
  const folder = scratch(context);
  await makeFolders(folder, join(folder, "a", "b"));
  await makeFolders(folder, join(folder, "a", "b"));
  assert.deepEqual(readdirSync(join(folder, "a")), ["b"]);
});

test("many callers that sync one folder at once all come back", async (context) => {
  const folder = scratch(context);
  await Promise.all(Array.from({ length: 50 }, () => syncFolder(folder)));
  await assert.rejects(syncFolder(join(folder, "missing")), { code: "ENOENT" });
  await syncFolder(folder);
});
