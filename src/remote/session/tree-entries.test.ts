import assert from "node:assert/strict";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { temporaryFolder } from "../../../test/support/temporary-store.ts";
import { followLinks } from "./follow-links.ts";
import { isRegular, treeEntries } from "./tree-entries.ts";
import { treeFilter, type TreePatterns } from "./tree-filter.ts";

function tree(context: TestContext, files: readonly string[]): string {
  const root = temporaryFolder(context);
  for (const file of files) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), file);
  }
  return root;
}

const paths = (root: string, patterns: Partial<TreePatterns> = {}): string[] =>
  [...treeEntries(root, treeFilter({ include: [], exclude: [], ...patterns }))].map(({ path }) => path);

test("entries come as workers insist: parents first, names by their bytes", (context) => {
  const root = tree(context, ["a/b", "a-b", "a.b", "B", "\u{1f600}", "\uff5e", "a/c/d"]);
  assert.deepEqual(paths(root), ["B", "a", "a/b", "a/c", "a/c/d", "a-b", "a.b", "\uff5e", "\u{1f600}"].sort((x, y) => Buffer.compare(Buffer.from(x.replaceAll("/", "\0")), Buffer.from(y.replaceAll("/", "\0")))));
  const names = paths(root).filter((path) => !path.includes("/"));
  assert.deepEqual(names, ["B", "a", "a-b", "a.b", "\uff5e", "\u{1f600}"]);
});

test("what is excluded is not sent, and directories on the way to what is wanted are", (context) => {
  const root = tree(context, ["keep", "logs/a.log", "logs/deep/keep.log", "node/x", "src/main", "src/test/t"]);
  assert.deepEqual(paths(root, { exclude: ["logs", "!logs/deep/keep.log", "node"] }), ["keep", "logs", "logs/deep", "logs/deep/keep.log", "src", "src/main", "src/test", "src/test/t"]);
  assert.deepEqual(paths(root, { include: ["src/test", "keep"] }), ["keep", "src", "src/test", "src/test/t"]);
  assert.deepEqual(paths(root, { include: ["**/*.log"] }), ["logs", "logs/a.log", "logs/deep", "logs/deep/keep.log"]);
  assert.deepEqual(paths(root, { include: ["src"], exclude: ["src/test"] }), ["src", "src/main"]);
  assert.deepEqual(paths(root, { include: ["missing/x"] }), []);
});

test("modes are Go's, later links of a file name the first, and links keep their targets", (context) => {
  const root = tree(context, ["dir/file"]);
  linkSync(join(root, "dir/file"), join(root, "dir/hard"));
  symlinkSync("../outside", join(root, "soft"));
  const entries = new Map([...treeEntries(root, treeFilter({ include: [], exclude: [] }))].map((entry) => [entry.path, entry]));
  assert.equal((entries.get("dir")!.mode / 2 ** 31) | 0, 1);
  assert.equal(isRegular(entries.get("dir")!.mode), false);
  assert.deepEqual([isRegular(entries.get("dir/file")!.mode), entries.get("dir/file")!.size, entries.get("dir/file")!.linkname], [true, 8n, ""]);
  assert.deepEqual([entries.get("dir/hard")!.linkname, entries.get("dir/hard")!.size], ["dir/file", 0n]);
  assert.deepEqual([entries.get("soft")!.linkname, entries.get("soft")!.mode & (1 << 27)], ["../outside", 1 << 27]);
});

test("links that lead to what is asked for come along, and none leads out of the folder", (context) => {
  const root = tree(context, ["real/file", "real/deep/x"]);
  symlinkSync("real", join(root, "link"));
  symlinkSync("/../../real/deep", join(root, "abs"));
  symlinkSync("loop", join(root, "loop"));
  assert.deepEqual(followLinks(root, ["link/file"])!.sort(), ["link", "real/file"]);
  assert.deepEqual(followLinks(root, ["abs/x"])!.sort(), ["abs", "real/deep/x"]);
  assert.deepEqual(followLinks(root, ["l*"])!.sort(), ["l*", "loop", "real"]);
  assert.deepEqual(followLinks(root, ["../../etc/passwd", "plain"])!.sort(), ["etc/passwd", "plain"]);
  assert.equal(followLinks(root, ["."]), undefined);
});
