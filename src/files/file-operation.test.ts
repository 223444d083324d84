import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, lchownSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { listLayer, makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { noMounts } from "../../test/support/small-disk.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { getXattr, setXattr } from "../linux/xattr.ts";
import { ownerOf } from "../snapshot/ownership.ts";
import { isFault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import { digestSources } from "./digest-sources.ts";
import { performFileOperation, type CopyFiles, type FileOperationOptions, type FileOperationResult } from "./file-operation.ts";
import type { SourceTree } from "./source-view.ts";

const skip = process.getuid?.() === 0 ? false : "needs root, to make files of other users";
const NANOSECONDS = 1_612_345_678_987_654_321n;

interface Stage {
  readonly home: string;
  readonly upper: string;
  readonly context: SourceTree;
  copy(sources: string[], destination: string, more?: Partial<CopyFiles> & { lowers?: string[]; tree?: SourceTree; recordOwners?: boolean }): Promise<FileOperationResult>;
}

function stage(t: TestContext, nodes: Record<string, Node> = {}): Stage {
  const home = temporaryFolder(t);
  const context: SourceTree = { layers: [makeTree(join(home, "context"), nodes)], zeroOwner: true };
  const upper = makeTree(join(home, "upper"), {});
  return {
    home,
    upper,
    context,
    copy: (paths, destination, { lowers = [], tree = context, recordOwners = false, ...more } = {}) =>
      performFileOperation({
        operation: { kind: "copy", createdBy: "COPY", sources: paths.map((path) => ({ tree: 0, path, wildcards: true, unpack: "never" as const })), destination, ...more },
        upper,
        lowers,
        trees: [tree],
        recordOwners,
      }),
  };
}

test("modification times are kept to the nanosecond on files, folders and symlinks", { skip }, async (t) => {
  const { home, upper, context, copy } = stage(t, {
    "d/f": { file: "1", mtime: NANOSECONDS },
    "d/big": { file: "x".repeat(700_000), mtime: NANOSECONDS + 1n },
    "d/e": { directory: true, mtime: NANOSECONDS + 2n },
  });
  symlinkSync("f", join(home, "context/d/l"));
  makeTree(join(home, "context"), { d: { directory: true, mtime: NANOSECONDS + 3n } });
  await copy(["d"], "/n");
  for (const path of ["f", "big", "e", "l", "."]) {
    const [from, to] = [join(context.layers[0]!, "d", path), join(upper, "n", path)].map((file) => lstatSync(file, { bigint: true }).mtimeNs);
    assert.equal(to, from, path);
  }
  const onward = makeTree(join(home, "onward"), {});
  await performFileOperation({
    operation: { kind: "copy", createdBy: "COPY", sources: [{ tree: 0, path: "/n", wildcards: true, unpack: "never" }], destination: "/m", chown: "1:2" },
    upper: onward, lowers: [], trees: [{ layers: [upper], zeroOwner: false }], recordOwners: false,
  });
  assert.equal(lstatSync(join(onward, "m/big"), { bigint: true }).mtimeNs, NANOSECONDS + 1n);
  assert.equal(lstatSync(join(onward, "m/e"), { bigint: true }).mtimeNs, NANOSECONDS + 2n);
});

test("the counts are those of what was copied", async (t) => {
  const { copy } = stage(t, { "d/a": "12", "d/b/c": "345", f: "6" });
  assert.deepEqual(await copy(["d", "f"], "/n/"), { entries: 5, bytes: 6 });
});

test("an existing folder that is copied into keeps its attributes and takes the times of the source folder", { skip }, async (t) => {
  const { home, upper, copy } = stage(t, { "d/f": "1", d: { directory: true, mode: 0o700, mtime: NANOSECONDS } });
  const lower = makeTree(join(home, "lower"), { "a/b": { directory: true, mode: 0o2711, owner: [3, 4], mtime: 5_000_000_001n }, a: { directory: true, mode: 0o755, owner: [1, 2], mtime: 6_000_000_002n } });
  setXattr(join(lower, "a"), "user.note", Buffer.from("kept"));
  await copy(["d"], "/a/b", { lowers: [lower] });
  const [a, b] = [lstatSync(join(upper, "a"), { bigint: true }), lstatSync(join(upper, "a/b"), { bigint: true })];
  assert.deepEqual([b.mode & 0o7777n, b.uid, b.gid, b.mtimeNs], [0o2711n, 3n, 4n, NANOSECONDS]);
  assert.deepEqual([a.mode & 0o7777n, a.uid, a.gid, a.mtimeNs], [0o755n, 1n, 2n, 6_000_000_002n]);
  assert.equal(getXattr(join(upper, "a"), "user.note")?.toString(), "kept");
  assert.deepEqual(readdirSync(join(lower, "a/b")), []);
});

test("files of a layer that stay as they are become links to it, changed ones copies", { skip }, async (t) => {
  const { home, upper, copy } = stage(t);
  const source = makeTree(join(home, "source"), { "d/f": { file: "1", owner: [5, 6], mode: 0o4755 }, "d/g": "2" });
  const tree: SourceTree = { layers: [source], zeroOwner: false };
  const inode = (path: string): bigint => lstatSync(path, { bigint: true }).ino;
  await copy(["d"], "/same", { tree });
  await copy(["d"], "/owned", { tree, chown: "9" });
  await copy(["d"], "/modes", { tree, chmod: "755" });
  assert.equal(inode(join(upper, "same/f")), inode(join(source, "d/f")));
  for (const folder of ["owned", "modes"]) assert.notEqual(inode(join(upper, folder, "f")), inode(join(source, "d/f")));
  const original = lstatSync(join(source, "d/f"));
  assert.deepEqual([original.uid, original.gid, original.mode & 0o7777], [5, 6, 0o4755]);
});

test("two names of one file in a layer stay one, and names from different layers or sources do not become one", { skip }, async (t) => {
  const { home, upper, copy } = stage(t);
  const lower = makeTree(join(home, "lower"), { "d/a": "1", "d/b": { hardlink: "d/a" }, "e/c": { hardlink: "d/a" } });
  const middle = makeTree(join(home, "middle"), {});
  await performFileOperation({
    operation: { kind: "copy", createdBy: "COPY", sources: [{ tree: 0, path: "/d/a", wildcards: true, unpack: "never" }], destination: "/d/linked" },
    upper: middle, lowers: [lower], trees: [{ layers: [lower], zeroOwner: false }], recordOwners: false,
  });
  await copy(["d", "e"], "/n/", { tree: { layers: [middle, lower], zeroOwner: false } });
  assert.deepEqual(listLayer(upper, []), [
    "d 0755 0:0 /n",
    'f 0644 0:0 /n/a "1"',
    "h 0644 0:0 /n/b -> n/a",
    'f 0644 0:0 /n/c "1"',
    'f 0644 0:0 /n/linked "1"',
  ]);
});

test("a copy over a file that is a link to a layer leaves that layer alone", { skip }, async (t) => {
  const { home, copy, upper } = stage(t, { f: "from the context" });
  const source = makeTree(join(home, "source"), { f: "from the layer" });
  await copy(["f"], "/n", { tree: { layers: [source], zeroOwner: false } });
  await copy(["f"], "/n");
  assert.equal(readFileSync(join(source, "f"), "utf8"), "from the layer");
  assert.equal(readFileSync(join(upper, "n"), "utf8"), "from the context");
});

test("inline documents are written after the sources, with owner and mode", { skip }, async (t) => {
  const { upper, copy } = stage(t, { f: "1" });
  const inline = [{ name: "f", content: Buffer.from("inline"), mode: 0o644 }, { name: "g", content: Buffer.from("2"), mode: 0o644 }];
  assert.deepEqual(await copy(["f"], "/n/", { inline, chown: "3:4", chmod: "u+x" }), { entries: 3, bytes: 8 });
  assert.deepEqual(listLayer(upper, []), ["d 0755 3:4 /n", 'f 0744 3:4 /n/f "inline"', 'f 0744 3:4 /n/g "2"']);
});

test("one inline document without a final slash is the file itself", async (t) => {
  const { upper, copy } = stage(t);
  await copy([], "/etc/motd", { inline: [{ name: "EOF", content: Buffer.from("hi"), mode: 0o644 }] });
  assert.equal(readFileSync(join(upper, "etc/motd"), "utf8"), "hi");
});

test("no symlink in the image leads a write out of the layer folder", { skip }, async (t) => {
  const { home, upper, copy } = stage(t, { f: "evil", "d/f": "evil" });
  const outside = makeTree(join(home, "outside"), { f: "precious" });
  const up = "../".repeat(30);
  const lower = makeTree(join(home, "lower"), { absolute: { symlink: outside }, relative: { symlink: `${up}${outside}` }, file: { symlink: `${outside}/f` } });
  await copy(["f"], "/absolute/", { lowers: [lower] });
  await copy(["f"], "/relative/x", { lowers: [lower] });
  await copy(["d"], "/absolute", { lowers: [lower] });
  await copy(["f"], "/file", { lowers: [lower] });
  await performFileOperation({ operation: { kind: "mkdir", path: "/absolute/w", mode: 0o755 }, upper, lowers: [lower], trees: [], recordOwners: false });
  assert.deepEqual(readdirSync(outside), ["f"]);
  assert.equal(readFileSync(join(outside, "f"), "utf8"), "precious");
  assert.equal(readFileSync(join(upper, outside, "f"), "utf8"), "evil");
});

test("a symlink in the folder that is written to is replaced, not followed", { skip }, async (t) => {
  const { home, upper, copy } = stage(t, { "d/f": "new" });
  const outside = makeTree(join(home, "outside"), { f: "precious" });
  makeTree(upper, { "n/f": { symlink: join(outside, "f") } });
  await copy(["d"], "/n");
  assert.equal(readFileSync(join(outside, "f"), "utf8"), "precious");
  assert.equal(lstatSync(join(upper, "n/f")).isFile(), true);
});

test("what takes the place of a whiteout does not show what that hid", { skip }, async (t) => {
  const { home, upper, copy } = stage(t, { f: "1", "d/f": "2" });
  const lower = makeTree(join(home, "lower"), { "gone/old": "3", file: "4" });
  makeTree(upper, { gone: WHITEOUT, file: WHITEOUT });
  await copy(["d"], "/gone", { lowers: [lower] });
  await copy(["f"], "/file", { lowers: [lower] });
  assert.deepEqual(listLayer(upper, [lower]), ['f 0644 0:0 /file "1"', "d 0755 0:0 /gone", 'f 0644 0:0 /gone/f "2"', "f 0000 0:0 /gone/.wh.old"]);
});

test("a socket becomes an empty file", async (t) => {
  const { home, upper, copy } = stage(t, {});
  const server = createServer().listen(join(home, "context/sock"));
  await new Promise((resolve) => server.once("listening", resolve));
  chmodSync(join(home, "context/sock"), 0o640);
  await copy(["."], "/n");
  server.close();
  assert.equal(lstatSync(join(upper, "n/sock")).isFile(), true);
  assert.equal(lstatSync(join(upper, "n/sock")).mode & 0o777, 0o640);
});

test("a mode without rights on a folder does not hinder its own copy", { skip }, async (t) => {
  const home = temporaryFolder(t);
  chmodSync(home, 0o777);
  process.seteuid!(65534);
  try {
    const context = makeTree(join(home, "context"), { "d/e/f": "1" });
    const upper = makeTree(join(home, "upper"), {});
    await performFileOperation({
      operation: { kind: "copy", createdBy: "COPY", sources: [{ tree: 0, path: "d", wildcards: true, unpack: "never" }], destination: "/n/m", chmod: "u=rX,go=" },
      upper, lowers: [], trees: [{ layers: [context], zeroOwner: true }], recordOwners: true,
    });
    assert.equal(lstatSync(join(upper, "n/m/e")).mode & 0o777, 0o500);
    chmodSync(join(upper, "n/m/e"), 0o700);
  } finally {
    process.seteuid!(0);
  }
});

test("owners are recorded where the user namespace has one id", { skip }, async (t) => {
  const { home, upper, copy } = stage(t, { f: "1" });
  const source = makeTree(join(home, "source"), { g: "2" });
  setXattr(join(source, "g"), "user.sampan.owner", Buffer.from("7:8"));
  const owner = (path: string): unknown => ownerOf(join(upper, path), lstatSync(join(upper, path)));
  await copy(["f"], "/a/f", { chown: "3:4", recordOwners: true });
  await copy(["g"], "/b/g", { tree: { layers: [source], zeroOwner: false, recordOwners: true }, recordOwners: true });
  await copy(["g"], "/b/h", { tree: { layers: [source], zeroOwner: false, recordOwners: true }, recordOwners: true, chown: "9" });
  assert.deepEqual([owner("a"), owner("a/f"), owner("b/g"), owner("b/h")], [{ uid: 3, gid: 4 }, { uid: 3, gid: 4 }, { uid: 7, gid: 8 }, { uid: 9, gid: 9 }]);
  assert.equal(lstatSync(join(upper, "a/f")).uid, 0);
});

test("bad paths and users are faults, and what is wrong is named", async (t) => {
  const { home, copy, upper } = stage(t, { f: "1" });
  const lower = makeTree(join(home, "lower"), { "etc/passwd/x": "" });
  const huge = makeTree(join(home, "huge"), { "etc/passwd": "x".repeat(10 * 1024 * 1024 + 1) });
  const code = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => "fine", (error: unknown) => (isFault(error) ? error.code : error));
  assert.equal(await code(copy(["f"], "/a\0b")), "COPY_PATH_INVALID");
  assert.equal(await code(copy(["f"], `/${"x".repeat(300)}`)), "COPY_PATH_INVALID");
  assert.equal(await code(copy(["f"], "/n", { chown: "app" })), "CHOWN_UNRESOLVED");
  assert.equal(await code(copy(["f"], "/n", { chown: "app", lowers: [lower] })), "CHOWN_UNRESOLVED");
  assert.equal(await code(copy(["f"], "/n", { chown: "app", lowers: [huge] })), "CHOWN_UNRESOLVED");
  assert.equal(await code(copy(["f"], "/n", { chmod: "8" })), "CHMOD_INVALID");
  assert.equal(await code(copy(["g"], "/n")), "COPY_SOURCE_NOT_FOUND");
  assert.deepEqual(readdirSync(upper), []);
});

test("a store without the right to write to it is a fault that names it", { skip }, async (t) => {
  const { home, context } = stage(t, { f: "1" });
  const locked = makeTree(join(home, "locked"), { x: { directory: true } });
  chmodSync(home, 0o755);
  chmodSync(locked, 0o555);
  process.seteuid!(65534);
  try {
    const operation: CopyFiles = { kind: "copy", createdBy: "COPY", sources: [{ tree: 0, path: "f", wildcards: true, unpack: "never" }], destination: "/n" };
    await assert.rejects(performFileOperation({ operation, upper: locked, lowers: [], trees: [context], recordOwners: true }), (error) => isFault(error, "READ_ONLY"));
  } finally {
    process.seteuid!(0);
  }
});

test("a full disk is a fault, and another file system than the layer's gets copies instead of links", { skip: noMounts }, async (t) => {
  const { home, copy, upper } = stage(t, { "d/small": "1", "d/large": "x".repeat(600_000) });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", upper]);
  try {
    const source = makeTree(join(home, "source"), { "s/f": "1" });
    await copy(["s"], "/n", { tree: { layers: [source], zeroOwner: false } });
    assert.equal(readFileSync(join(upper, "n/f"), "utf8"), "1");
    await assert.rejects(copy(["d"], "/n"), (error) => isFault(error, "DISK_FULL"));
  } finally {
    execFileSync("umount", [upper]);
  }
});

test("what changed in the context after its digest was made is a fault that names it", { skip }, async (t) => {
  const changes: Record<string, (folder: string) => void> = {
    "d/f": (folder) => writeFileSync(join(folder, "d/f"), "2"),
    "d/g": (folder) => writeFileSync(join(folder, "d/g"), "new"),
    "d/e": (folder) => rmSync(join(folder, "d/e/x")),
    "d/l": (folder) => lchownSync(join(folder, "d/l"), 1, 1),
  };
  for (const [path, change] of Object.entries(changes)) {
    const { upper, context } = stage(t, { "d/f": "1", "d/e/x": "1", "d/l": { symlink: "f" } });
    const { newest } = digestSources({ tree: context, sources: ["."], wildcards: true });
    const operation: CopyFiles = { kind: "copy", createdBy: "COPY", sources: [{ tree: 0, path: ".", wildcards: true, unpack: "never" }], destination: "/n" };
    const perform = (): Promise<unknown> => performFileOperation({ operation, upper, lowers: [], trees: [context], recordOwners: false, newest });
    await perform();
    await new Promise((resolve) => setTimeout(resolve, 20));
    change(context.layers[0]!);
    await assert.rejects(perform(), (error) => isFault(error, "FILE_CHANGED") && error.message.includes(`/${path} changed`));
  }
});

test("it runs as a job in a worker thread, and its faults arrive", async (t) => {
  const { home, upper, context } = stage(t, { "d/f": "1" });
  const job = (path: string): Promise<FileOperationResult> =>
    inWorker<FileOperationOptions, FileOperationResult>("files/file-operation.ts", "performFileOperation", {
      operation: { kind: "copy", createdBy: "COPY", sources: [{ tree: 0, path, wildcards: true, unpack: "never" }], destination: "/n/" },
      upper, lowers: [join(home, "context")], trees: [context], recordOwners: process.getuid?.() !== 0,
    });
  assert.deepEqual(await job("d"), { entries: 2, bytes: 1 });
  await assert.rejects(job("e"), (error) => isFault(error, "COPY_SOURCE_NOT_FOUND"));
});

test("WORKDIR on an existing folder, of a lower layer too, changes nothing", async (t) => {
  const { home, upper } = stage(t);
  const lower = makeTree(join(home, "lower"), { "srv/app/f": "1" });
  const result = await performFileOperation({ operation: { kind: "mkdir", path: "/srv/./x/../app", mode: 0o755 }, upper, lowers: [lower], trees: [], recordOwners: false });
  assert.deepEqual(result, { entries: 0, bytes: 0 });
  assert.deepEqual(readdirSync(upper), []);
});
