import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { renameDurably, syncFolder, writeDurably } from "./durable-file.ts";

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

test("a renamed file is there with its content", async (context) => {
  const folder = scratch(context);
  const handle = await open(join(folder, "draft"), "wx");
  await handle.writeFile("text");
  await renameDurably(handle, join(folder, "draft"), join(folder, "x"));
  await handle.close();
  assert.deepEqual([readdirSync(folder), readFileSync(join(folder, "x"), "utf8")], [["x"], "text"]);
});

test("many callers that sync one folder at once all come back", async (context) => {
  const folder = scratch(context);
  await Promise.all(Array.from({ length: 50 }, () => syncFolder(folder)));
  await assert.rejects(syncFolder(join(folder, "missing")), { code: "ENOENT" });
  await syncFolder(folder);
});
