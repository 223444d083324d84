import assert from "node:assert/strict";
import { linkSync, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { CAPABILITY } from "../../test/support/copy-fixture.ts";
import { listLayer, makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { setTimes } from "../linux/times.ts";
import { isFault } from "../std/fault.ts";
import { setOwner } from "../snapshot/ownership.ts";
import { diffLayer } from "./diff-layer.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for owners and whiteouts";
const OLD = 1_500_000_000_000_000_000n;

/** What a layer folder changes against others, top first. */
function changes(context: TestContext, upper: Readonly<Record<string, Node>>, ...lowers: Readonly<Record<string, Node>>[]): string[] {
  const folder = temporaryFolder(context);
  return listLayer(makeTree(join(folder, "upper"), upper), lowers.map((nodes, at) => makeTree(join(folder, `lower${at}`), nodes)));
}

test("the entries come parents first, sorted by the bytes of their names, without the root", (context) => {
  assert.deepEqual(changes(context, { "b/z": "1", "b.x": "2", "b/a/c": "3", a: "4", "é": "5", "𝒵": "6", "\uffee": "7", B: "8" }).map((line) => line.split(" ")[3]), [
    "/B", "/a", "/b", "/b/a", "/b/a/c", "/b/z", "/b.x", "/é", "/\uffee", "/𝒵",
  ]);
});

test("an empty folder changes nothing", (context) => {
  assert.deepEqual(changes(context, {}, { a: "1" }), []);
});

test("what was copied up and is unchanged is left out, in whole seconds", { skip: notRoot }, (context) => {
  const same: Node = { file: "same", mode: 0o755, owner: [3, 4], mtime: OLD + 5n };
  assert.deepEqual(changes(context, { "d/same": same, "d/part": { file: "same", mtime: OLD + 6n }, "d/later": { file: "same", mtime: OLD + 1_000_000_000n } }, { "d/same": same, "d/part": { file: "same", mtime: OLD + 5n }, "d/later": { file: "same", mtime: OLD + 5n } }), [
    "d 0755 0:0 /d", "f 0644 0:0 /d/later \"same\"",
  ]);
});

test("within a second the content decides, whether the times have lost their fractions, as those of a layer from a cache, or not", (context) => {
  const at = (file: string): Node => ({ file, mtime: OLD });
  assert.deepEqual(changes(context, { a: at("new"), b: at("same"), c: at("longer") }, { a: at("old"), b: at("same"), c: at("long") }), ["f 0644 0:0 /a \"new\"", "f 0644 0:0 /c \"longer\""]);
  const later = (file: string): Node => ({ file, mtime: OLD + 250_000_000n });
  assert.deepEqual(changes(context, { a: later("new"), b: later("same") }, { a: at("old"), b: at("same") }), ["f 0644 0:0 /a \"new\""]);
  assert.deepEqual(changes(context, { a: at("new"), b: at("same") }, { a: later("old"), b: later("same") }), ["f 0644 0:0 /a \"new\""]);
  assert.deepEqual(changes(context, { b: { file: "same", mtime: OLD + 1_000_000_000n } }, { b: at("same") }), ["f 0644 0:0 /b \"same\""], "another second");
  // BuildKit trusts times with fractions, and loses such a change.
  const exact = (file: string): Node => ({ file, mtime: OLD + 1n });
  assert.deepEqual(changes(context, { a: exact("new"), b: exact("same") }, { a: exact("old"), b: exact("same") }), ["f 0644 0:0 /a \"new\""]);
});

test("what a step writes itself is a change, also in the second in which the step below wrote the same", (context) => {
  const folder = temporaryFolder(context);
  const [lower, upper] = ["lower", "upper"].map((name) => makeTree(join(folder, name), { written: "same", copied: "same", "in-future": "same" })) as [string, string];
  const begun = lstatSync(upper, { bigint: true }).birthtimeNs;
  // Before the folder was made, and in the same second as far as there is one.
  const [second, before] = [begun - (begun % 1_000_000_000n), (begun % 1_000_000_000n) / 2n];
  setTimes(join(lower, "written"), second, second + before);
  setTimes(join(lower, "copied"), second, second);
  setTimes(join(upper, "written"), begun, begun);
  setTimes(join(upper, "copied"), second, second + before);
  for (const [at, layer] of [lower, upper].entries()) setTimes(join(layer, "in-future"), second, 4_000_000_000_000_000_000n + BigInt(at));
  assert.deepEqual(listLayer(upper, [lower]), ["f 0644 0:0 /written \"same\""]);
});

test("a changed mode, owner or capability is a change, also of a directory; its time is none", { skip: notRoot }, (context) => {
  const lower: Record<string, Node> = {
    time: { directory: true, mtime: OLD }, mode: { directory: true }, owner: { directory: true }, cap: { file: "x", mtime: OLD }, nocap: { file: "x", mtime: OLD, capability: CAPABILITY },
  };
  assert.deepEqual(changes(context, {
    time: { directory: true, mtime: OLD + 1n }, mode: { directory: true, mode: 0o700 }, owner: { directory: true, owner: [1, 2] },
    cap: { file: "x", mtime: OLD, capability: CAPABILITY }, nocap: { file: "x", mtime: OLD },
  }, lower), ["f 0644 0:0 /cap \"x\" cap", "d 0700 0:0 /mode", "f 0644 0:0 /nocap \"x\"", "d 0755 1:2 /owner"]);
});

test("a symlink is compared by its target", (context) => {
  const folder = temporaryFolder(context);
  const [upper, lower] = [makeTree(join(folder, "u"), { a: { symlink: "new" }, b: { symlink: "same" } }), makeTree(join(folder, "l"), { a: { symlink: "old" }, b: { symlink: "same" } })];
  for (const path of ["a", "b"]) for (const layer of [upper, lower]) setTimes(join(layer, path), OLD, OLD);
  assert.deepEqual(listLayer(upper, [lower]), ["l 0777 0:0 /a -> new"]);
});

test("a whiteout is written where something lies below, and nothing otherwise", { skip: notRoot }, (context) => {
  assert.deepEqual(changes(context, { gone: WHITEOUT, never: WHITEOUT, "d/gone": WHITEOUT, twice: WHITEOUT }, { twice: WHITEOUT, d: { directory: true } }, { gone: "1", "d/gone/x": "2", twice: "3" }), [
    "d 0755 0:0 /d", "f 0000 0:0 /d/.wh.gone", "f 0000 0:0 /.wh.gone",
  ]);
});

test("an opaque directory becomes one whiteout for each child that vanished", { skip: notRoot }, (context) => {
  const lower: Record<string, Node> = { "o/keep": { file: "same", mtime: OLD }, "o/lost/deep": "1", "o/changed": "old", "o/sub/gone": "2", "o/sub/same": { file: "s", mtime: OLD } };
  const upper: Record<string, Node> = { o: { directory: true, opaque: true }, "o/keep": { file: "same", mtime: OLD }, "o/changed": { file: "new", mtime: OLD }, "o/new": "n", "o/sub/same": { file: "s", mtime: OLD } };
  assert.deepEqual(changes(context, upper, lower), [
    "d 0755 0:0 /o", "f 0644 0:0 /o/changed \"new\"", "f 0000 0:0 /o/.wh.lost", "f 0644 0:0 /o/new \"n\"", "d 0755 0:0 /o/sub", "f 0000 0:0 /o/sub/.wh.gone",
  ]);
  assert.deepEqual(changes(context, { n: { directory: true, opaque: true }, "n/a": "1" }, { other: "2" }), ["d 0755 0:0 /n", "f 0644 0:0 /n/a \"1\""]);
});

test("lower layers hide each other: whiteouts, opaque directories and files in the place of directories", { skip: notRoot }, (context) => {
  assert.deepEqual(changes(context, { a: WHITEOUT, "d/x": WHITEOUT, "o/x": WHITEOUT }, { a: WHITEOUT, d: "file", o: { directory: true, opaque: true } }, { a: "1", "d/x": "2", "o/x": "3" }), ["d 0755 0:0 /d"]);
});

test("a directory that took the place of a file, and a file that took that of a directory, are whole entries", { skip: notRoot }, (context) => {
  assert.deepEqual(changes(context, { a: { directory: true, opaque: true }, "a/x": "1", d: "2" }, { a: "file", "d/x": "3" }), ["d 0755 0:0 /a", "f 0644 0:0 /a/x \"1\"", "f 0644 0:0 /d \"2\""]);
});

test("the second name of an inode is a hard link, symlinks and devices included", { skip: notRoot }, (context) => {
  assert.deepEqual(changes(context, { "d/a": "1", b: { hardlink: "d/a" }, "d/z": { hardlink: "d/a" }, dev: { character: [1, 3] }, dev2: { hardlink: "dev" } }), [
    "f 0644 0:0 /b \"1\"", "d 0755 0:0 /d", "h 0644 0:0 /d/a -> b", "h 0644 0:0 /d/z -> b", "c 0644 0:0 /dev", "h 0644 0:0 /dev2 -> dev",
  ]);
});

test("a file that is the very inode of the one below is no change", (context) => {
  const folder = temporaryFolder(context);
  const lower = makeTree(join(folder, "l"), { a: "1", b: "2" });
  const upper = makeTree(join(folder, "u"), {});
  linkSync(join(lower, "a"), join(upper, "a"));
  linkSync(join(lower, "b"), join(upper, "c"));
  assert.deepEqual(listLayer(upper, [lower]), ["f 0644 0:0 /c \"2\""]);
});

test("sockets are left out", async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "file"), "x");
  const server = createServer().listen(join(folder, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  assert.deepEqual(listLayer(folder, []), ["f 0644 0:0 /file \"x\""]);
  await new Promise((resolve) => server.close(resolve));
});

test("a recorded owner counts instead of the real one", (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "file"), "x");
  setOwner(join(folder, "file"), 33, 44, { record: true });
  assert.deepEqual(listLayer(folder, []), ["f 0644 33:44 /file \"x\""]);
});

test("times are cut to whole seconds, not rounded, also before 1970", (context) => {
  const upper = makeTree(join(temporaryFolder(context), "u"), { a: { file: "", mtime: OLD + 999_999_999n }, b: { file: "", mtime: -1_500_000_000n } });
  assert.deepEqual(Array.from(diffLayer(upper, []), (entry) => entry.mtime), [{ seconds: 1_500_000_000, nanoseconds: 0 }, { seconds: -2, nanoseconds: 0 }]);
});

test("a name that is not valid UTF-8 is refused with its path", (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "d"));
  writeFileSync(Buffer.concat([Buffer.from(join(folder, "d/")), Buffer.from([0x61, 0xff])]), "");
  assert.throws(() => [...diffLayer(folder, [])], (error) => isFault(error, "FILE_NAME_INVALID") && error.message.includes("/d/a"));
});
