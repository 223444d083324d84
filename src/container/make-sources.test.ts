import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeSources } from "./make-sources.ts";

const make = (source: string): void => makeSources([{ source, target: "/x", readonly: false }]);

test("a folder that cannot be made is an error, and no endless loop", () => {
  assert.throws(() => make("/proc/nowhere/at/all"), { code: "ENOENT" });
});

test("one that has come meanwhile will do, as when two containers start at once; a link to nowhere will not", (context) => {
  const folder = mkdtempSync(join(tmpdir(), "sampan-sources-"));
  context.after(() => rmSync(folder, { recursive: true }));
  make(`${folder}/a/../a/b`); // `a/..` is not there, and is once `a` is
  assert.ok(statSync(join(folder, "a/b")).isDirectory());
  symlinkSync("nowhere", join(folder, "link"));
  assert.throws(() => make(join(folder, "link")), { code: "EEXIST" });
});
