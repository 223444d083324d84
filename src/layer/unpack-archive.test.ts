import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { CAPABILITY } from "../../test/support/copy-fixture.ts";
import { listLayer, makeTree, type Node } from "../../test/support/make-tree.ts";
import { tarOf } from "../../test/support/tar-of.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { Union } from "../snapshot/union.ts";
import { isFault } from "../std/fault.ts";
import { detectCompression, isArchive, unpackArchive, type UnpackArchiveOptions } from "./unpack-archive.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for owners and whiteouts";
type Members = Parameters<typeof tarOf>[0];

/** Unpacks members into `dst` of a layer folder; gives the entries of that folder and the merged view. */
async function add(context: TestContext, members: Members | Buffer, options: Partial<UnpackArchiveOptions> & { has?: Readonly<Record<string, Node>>; below?: Readonly<Record<string, Node>>[] } = {}): Promise<{ layer: string[]; view: Union; entries: number; bytes: number; upper: string }> {
  const folder = temporaryFolder(context);
  const archive = join(folder, "it.tar");
  writeFileSync(archive, Buffer.isBuffer(members) ? members : tarOf(members));
  const { has = {}, below = [], destination = "dst", ...rest } = options;
  const upper = makeTree(join(folder, "upper"), has);
  mkdirSync(join(upper, destination), { recursive: true });
  const lowers = below.map((nodes, at) => makeTree(join(folder, `lower${at}`), nodes));
  const counts = await unpackArchive({ archive, destination, upper, lowers, recordOwners: process.getuid!() !== 0, ...rest });
  return { layer: listLayer(upper, lowers), view: new Union([upper, ...lowers]), upper, ...counts };
}

const packers = {
  tar: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gzipSync(bytes),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
  bzip2: (bytes: Buffer) => execFileSync("bzip2", { input: bytes }),
  xz: (bytes: Buffer) => execFileSync("xz", { input: bytes }),
};

for (const [name, pack] of Object.entries(packers)) {
  test(`an archive (${name}) is known by its content, whatever it is called, and unpacked`, async (context) => {
    const { layer, entries, bytes } = await add(context, pack(tarOf([{ path: "a/b", content: "hello" }])));
    assert.deepEqual(layer, ["d 0755 0:0 /dst", "d 0755 0:0 /dst/a", "f 0644 0:0 /dst/a/b \"hello\""]);
    assert.deepEqual([entries, bytes], [1, 5]);
    const file = join(temporaryFolder(context), "no-suffix");
    writeFileSync(file, pack(tarOf([{ path: "a" }])));
    assert.equal(await isArchive(file), true);
    for (const content of [Buffer.from("just some text\n".repeat(1000)), Buffer.alloc(2000), Buffer.alloc(0)]) {
      writeFileSync(file, pack(content));
      assert.equal(await isArchive(file), false, `${content.length} bytes`);
    }
    writeFileSync(file, pack(tarOf([{ path: "a", content: "x".repeat(100_000) }])).subarray(0, 60));
    assert.equal(await isArchive(file), false, "cut short within the first header");
  });
}

test("compression is told by the first bytes", () => {
  for (const [hex, compression] of [["1f8b08", "gzip"], ["425a6839", "bzip2"], ["fd377a585a00", "xz"], ["28b52ffd", "zstd"], ["502a4d18", "zstd"], ["5f2a4d18", "zstd"], ["1f8b", "none"], ["", "none"]] as const) {
    assert.equal(detectCompression(Buffer.from(hex, "hex")), compression, hex);
  }
});

test("entries keep owner, mode and capability, or get the owner of --chown", { skip: notRoot }, async (context) => {
  const members: Members = [{ path: "d", type: "directory", mode: 0o750, uid: 11, gid: 12 }, { path: "d/f", mode: 0o4755, uid: 13, gid: 14, capability: CAPABILITY }, { path: "new/f", uid: 1, gid: 1 }];
  assert.deepEqual((await add(context, members)).layer, ["d 0755 0:0 /dst", "d 0750 11:12 /dst/d", "f 4755 13:14 /dst/d/f \"\" cap", "d 0755 0:0 /dst/new", "f 0644 1:1 /dst/new/f \"\""]);
  assert.deepEqual((await add(context, members, { owner: { uid: 7, gid: 8 } })).layer, ["d 0755 0:0 /dst", "d 0750 7:8 /dst/d", "f 4755 7:8 /dst/d/f \"\" cap", "d 0755 0:0 /dst/new", "f 0644 7:8 /dst/new/f \"\""]);
});

test("existing directories are merged and get the entry's attributes, everything else is replaced", { skip: notRoot }, async (context) => {
  const members: Members = [
    { path: "dir", type: "directory", mode: 0o700 }, { path: "link", type: "directory", mode: 0o755 }, { path: "link/x", content: "1" }, { path: "file", type: "directory", mode: 0o755 }, { path: "over", content: "new" }, { path: "tree", content: "f" },
  ];
  const there: Record<string, Node> = { "dst/dir/kept": "k", "dst/link": { symlink: "/elsewhere" }, "dst/file": "old", "dst/over": { symlink: "dir/kept" }, "dst/tree/gone": "g", elsewhere: { directory: true } };
  for (const place of [{ has: there }, { below: [there] }]) {
    const { view } = await add(context, members, place);
    assert.deepEqual(["dst", "dst/dir", "dst/link", "dst/file", "elsewhere"].map((path) => view.readdir(path)), [["dir", "file", "link", "over", "tree"], ["kept"], ["x"], [], []]);
    assert.equal(view.lstat("dst/dir")!.stat.mode & 0o777, 0o700);
    assert.deepEqual(["dst/over", "dst/tree", "dst/dir/kept"].map((path) => readFileSync(view.lstat(path)!.hostPath, "utf8")), ["new", "f", "k"]);
  }
});

test("a parent of a lower layer that the archive does not list keeps its attributes", { skip: notRoot }, async (context) => {
  const { layer } = await add(context, [{ path: "d/e/f", content: "x" }], { below: [{ "dst/d": { directory: true, mode: 0o1777, owner: [5, 6] } }, { "dst/d/e": { directory: true, mode: 0o711 } }] });
  assert.deepEqual(layer, ["d 0755 0:0 /dst", "d 1777 5:6 /dst/d", "d 0711 0:0 /dst/d/e", "f 0644 0:0 /dst/d/e/f \"x\""]);
});

test("absolute paths, hard links with dot-dots and symlinks stay in the destination, whichever layer the symlink is of", async (context) => {
  const outside = temporaryFolder(context);
  const members: Members = [{ path: "/abs", content: "2" }, { path: "l/f", content: "3" }, { path: "m", type: "symlink", linkTarget: outside }, { path: "m/g", content: "4" }, { path: "h", type: "hardlink", linkTarget: "../../abs" }];
  for (const place of [{ has: { "dst/l": { symlink: outside } } }, { below: [{ "dst/l": { symlink: outside } }] }]) {
    const { upper } = await add(context, members, place);
    assert.deepEqual(readdirSync(outside), []);
    assert.deepEqual(readdirSync(upper), ["dst"]);
    const inside = join(upper, "dst", outside);
    assert.deepEqual(["abs", "h"].map((path) => readFileSync(join(upper, "dst", path), "utf8")), ["2", "2"]);
    assert.deepEqual([readFileSync(join(inside, "f"), "utf8"), readFileSync(join(inside, "g"), "utf8")], ["3", "4"]);
  }
});

test("names that lead out of the destination are refused", async (context) => {
  await assert.rejects(add(context, [{ path: "../../out", content: "1" }]), /entry "..\/..\/out": its name leads out/);
  const file = join(temporaryFolder(context), "out.tar");
  writeFileSync(file, tarOf([{ path: "../../out", content: "1" }]));
  assert.equal(await isArchive(file), true, "and not copied as a file like any other");
});

test("an entry .wh.x hides x of the layers below", { skip: notRoot }, async (context) => {
  const { layer } = await add(context, [{ path: ".wh.x" }, { path: "d/.wh..wh..opq" }], { below: [{ "dst/x": "1", "dst/d/y": "2" }] });
  assert.deepEqual(layer, ["d 0755 0:0 /dst", "d 0755 0:0 /dst/d", "f 0000 0:0 /dst/d/.wh.y", "f 0000 0:0 /dst/.wh.x"]);
});

test("the archive's own root entry does not touch the destination", { skip: notRoot }, async (context) => {
  const { layer } = await add(context, [{ path: ".", type: "directory", mode: 0o711, uid: 1, gid: 1 }, { path: "./f" }]);
  assert.deepEqual(layer, ["d 0755 0:0 /dst", "f 0644 0:0 /dst/f \"\""]);
});

test("the destination may be the root of the layer", async (context) => {
  const { layer } = await add(context, [{ path: "f", content: "x" }], { destination: "" });
  assert.deepEqual(layer, ["f 0644 0:0 /f \"x\""]);
});

test("GNU sparse entries are refused by their type", async (context) => {
  const folder = temporaryFolder(context);
  // A hole that is small or that a copy made is filled by some file systems.
  execFileSync("sh", ["-c", "echo data >holes && truncate -s 64M holes && tar --format=gnu -Scf it.tar holes"], { cwd: folder });
  await assert.rejects(add(context, readFileSync(join(folder, "it.tar"))), (error) => isFault(error, "ARCHIVE_INVALID") && error.message === 'archive it.tar cannot be unpacked: entry "holes": unhandled tar header type 83');
});

test("a bomb is stopped at the limit, and a cut archive is refused", async (context) => {
  const archive = tarOf([{ path: "zeros", content: "\0".repeat(5_000_000) }]);
  await assert.rejects(add(context, gzipSync(archive), { maxBytes: 1_000_000 }), (error) => isFault(error, "ARCHIVE_TOO_LARGE"));
  await assert.rejects(add(context, archive.subarray(0, 100_000)), (error) => isFault(error, "ARCHIVE_INVALID") && /zeros.*ends in the middle/.test(error.message));
});
