import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder } from "./make-folder.ts";

test("a folder is made with its parents, and one that is there is left alone", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-make-folder-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  makeFolder(join(folder, "a/b/c"), { mode: 0o700 });
  makeFolder(join(folder, "a/b/c"));
  assert.equal(statSync(join(folder, "a/b")).mode & 0o777, 0o700);
});

test("a file in the way is an error", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-make-folder-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "file"), "");
  assert.throws(() => makeFolder(join(folder, "file")), { code: "EEXIST" });
  assert.throws(() => makeFolder(join(folder, "file/below")), { code: "EEXIST" });
});

test("a folder below /proc cannot be made, and that is said", () => {
  assert.throws(() => makeFolder("/proc/sampan/store"), { code: "ENOENT" });
});
