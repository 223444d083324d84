import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import { Union } from "./union.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for whiteouts";
const noOverlay = notRoot || (spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0 ? false : "needs the right to mount overlayfs");

/** A view of layers, top first, and a way to read a file of it. */
function view(folder: string, ...layers: Readonly<Record<string, Node>>[]): { union: Union; text: (path: string) => string | undefined } {
  const union = new Union(layers.map((nodes, at) => makeTree(join(folder, `${at}`), nodes)));
  const text = (path: string): string | undefined => {
    const entry = union.lstat(path);
    return entry && readFileSync(entry.hostPath, "utf8");
  };
  return { union, text };
}

test("the top layer wins, and directories are merged", (context) => {
  const { union, text } = view(temporaryFolder(context), { "d/b": "top", "d/c": "c" }, { "d/a": "a", "d/b": "low", e: "e" });
  assert.deepEqual([union.readdir(""), union.readdir("/d/"), text("d/b"), text("d/a"), text("d/none"), text("e/none")], [["d", "e"], ["a", "b", "c"], "top", "a", undefined, undefined]);
  assert.deepEqual([union.readdir("e"), union.readdir("none")], [[], []]);
});

test("no layers are an empty root", () => {
  const union = new Union([]);
  assert.deepEqual([union.lstat(""), union.lstat("a"), union.readdir(""), union.resolve("a/b").path], [undefined, undefined, [], "a/b"]);
});

test("whiteouts, opaque directories and files hide what lies below them", { skip: notRoot }, (context) => {
  const { union, text } = view(temporaryFolder(context),
    { gone: WHITEOUT, o: { directory: true, opaque: true }, "o/new": "n", f: "file" },
    { "gone/x": "1", "o/mid": "2", "f/y": "3", again: WHITEOUT },
    { "gone/z": "4", "o/old": "5", "f/z": "6", again: "7" });
  assert.deepEqual([union.readdir(""), union.readdir("o"), union.readdir("f"), union.readdir("gone")], [["f", "o"], ["new"], [], []]);
  assert.deepEqual([union.lstat("gone"), union.lstat("gone/x"), union.lstat("o/mid"), union.lstat("f/y"), union.lstat("again")], Array(5).fill(undefined));
  assert.equal(text("f"), "file");
});

test("a mark on the root of a layer hides nothing, as in overlayfs", (context) => {
  const { union } = view(temporaryFolder(context), { ".": { directory: true, opaque: true }, a: "1" }, { b: "2" });
  assert.deepEqual(union.readdir(""), ["a", "b"]);
});

test("symlinks in parents are followed within the view, the last component only if asked", (context) => {
  const { union } = view(temporaryFolder(context), { l: { symlink: "/real" }, up: { symlink: "../../../real/f" } }, { "real/f": "f", "real/up": { symlink: "../l/f" }, "real/dangling": { symlink: "none/x" } });
  const path = (of: string, followLast = false): [string, boolean] => {
    const resolved = union.resolve(of, { followLast });
    return [resolved.path, resolved.entry !== undefined];
  };
  assert.deepEqual([path("l/f"), path("l"), path("l", true), path("up", true), path("l/up", true), path("l/../real/./f")], [["real/f", true], ["l", true], ["real", true], ["real/f", true], ["real/f", true], ["real/f", true]]);
  assert.deepEqual([path("l/dangling", true), path("../../l/f"), path("none/../real/f")], [["real/none/x", false], ["real/f", true], ["real/f", true]]);
});

test("a circle of symlinks is refused", (context) => {
  const { union } = view(temporaryFolder(context), { a: { symlink: "b" }, b: { symlink: "a/x" } });
  assert.throws(() => union.resolve("a/f"), (error) => isFault(error, "SYMLINK_LOOP"));
});

test("any stack of layers looks as the kernel's overlayfs shows it", { skip: noOverlay }, (context) => {
  const folder = temporaryFolder(context);
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const node = fc.oneof(fc.constant("file"), fc.constant({ symlink: "x" }), fc.constant({ directory: true as const }), fc.constant({ directory: true as const, opaque: true as const }), fc.constant(WHITEOUT));
  const layer = fc.uniqueArray(fc.tuple(path, node), { maxLength: 6, selector: ([name]) => name }).map((nodes) =>
    Object.fromEntries(nodes.filter(([name, what]) => nodes.every(([other, its]) => other === name || ((typeof its === "object" && "directory" in its) || !name.startsWith(`${other}/`)) && ((typeof what === "object" && "directory" in what) || !other.startsWith(`${name}/`))))));
  const stacks = fc.sample(fc.array(layer, { minLength: 2, maxLength: 4 }), { numRuns: 40, seed: 7 });
  const script: string[] = [];
  const unions = stacks.map((stack, turn) => {
    const layers = stack.map((nodes, at) => makeTree(join(folder, `${turn}`, `${at}`), nodes as Record<string, Node>));
    mkdirSync(join(folder, `${turn}`, "root"));
    script.push(`cd ${join(folder, `${turn}`)}; mount -t overlay overlay -o userxattr,lowerdir=${stack.map((_, at) => at).join(":")} root; (cd root; find . -mindepth 1 -printf '%y %P\\n' | LC_ALL=C sort); echo --; umount root`);
    return new Union(layers);
  });
  // A directory of one layer alone lists its whiteouts, though nothing can be done with them.
  const shown = execFileSync("unshare", ["-m", "sh", "-ec", script.join("\n")], { encoding: "utf8" }).split("--\n");
  for (const [turn, union] of unions.entries()) {
    const list = (at: string): string[] => union.readdir(at).flatMap((name) => {
      const here = at === "" ? name : `${at}/${name}`;
      const { stat } = union.lstat(here)!;
      return [`${stat.isDirectory() ? "d" : stat.isSymbolicLink() ? "l" : "f"} ${here}`, ...list(here)];
    });
    assert.deepEqual(list("").sort(), shown[turn]!.split("\n").filter((line) => line !== "" && !line.startsWith("c ")), JSON.stringify(stacks[turn]));
  }
});
