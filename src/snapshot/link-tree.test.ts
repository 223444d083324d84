import assert from "node:assert/strict";
import { chmodSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linkTree } from "./link-tree.ts";

test("directories are made anew with all they have, the rest is shared", (context) => {
  const root = mkdtempSync(join(tmpdir(), "link-tree-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  const [from, to] = [join(root, "from"), join(root, "to")];
  mkdirSync(join(from, "a/b"), { recursive: true });
  mkdirSync(to);
  writeFileSync(join(from, "a/file"), "content");
  linkSync(join(from, "a/file"), join(from, "a/b/same"));
  symlinkSync("/nowhere", join(from, "a/link"));
  chmodSync(join(from, "a/b"), 0o1750);
  utimesSync(join(from, "a/b"), 5, 7.5);
  linkTree({ from, to });
  const inode = (path: string): number => lstatSync(path).ino;
  for (const name of ["a/file", "a/b/same", "a/link"]) assert.equal(inode(join(to, name)), inode(join(from, name)), name);
  assert.notEqual(inode(join(to, "a")), inode(join(from, "a")));
  assert.equal(readlinkSync(join(to, "a/link")), "/nowhere");
  const { mode, mtimeMs } = lstatSync(join(to, "a/b"));
  assert.deepEqual([mode & 0o7777, mtimeMs], [0o1750, 7500]);
});
