import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { CAPABILITY } from "../../test/support/copy-fixture.ts";
import { listLayer, makeTree, type Node } from "../../test/support/make-tree.ts";
import { tarOf } from "../../test/support/tar-of.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { getXattr } from "../linux/xattr.ts";
import { sha256 } from "../oci/digest.ts";
import { isOpaque } from "../snapshot/opaque.ts";
import { recordedOwner } from "../snapshot/ownership.ts";
import { Union } from "../snapshot/union.ts";
import { isWhiteout } from "../snapshot/whiteout.ts";
import { isFault, type FaultCode } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import { applyLayer, type AppliedLayer, type ApplyOptions } from "./apply-layer.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for owners, devices and whiteouts";
type Members = Parameters<typeof tarOf>[0];

/** Applies a layer of those members to an empty folder; gives the folder and what was reported. */
async function apply(context: TestContext, members: Members | Buffer, options: Partial<ApplyOptions> & { below?: Readonly<Record<string, Node>>[] } = {}): Promise<AppliedLayer & { target: string; lowers: string[] }> {
  const folder = temporaryFolder(context);
  const blob = join(folder, "blob");
  writeFileSync(blob, Buffer.isBuffer(members) ? members : tarOf(members));
  const target = join(folder, "target");
  mkdirSync(target);
  const { below = [], ...rest } = options;
  const lowers = below.map((nodes, at) => makeTree(join(folder, `lower${at}`), nodes));
  const applied = await applyLayer({ blob, codec: "none", target, lowers, recordOwners: false, name: "test", ...rest });
  return { ...applied, target, lowers };
}

const faultOf = (code: FaultCode, text: RegExp) => (error: unknown): boolean => isFault(error, code) && text.test(error.message);

test("files get content, mode, owner, time and capability; directories keep theirs though files were put into them", { skip: notRoot }, async (context) => {
  const { target, entries, size, diffId } = await apply(context, [
    { path: "d", type: "directory", mode: 0o2750, uid: 5, gid: 6, mtime: { seconds: 1_500_000_000, nanoseconds: 0 } },
    { path: "d/suid", mode: 0o4711, uid: 7, gid: 8, content: "content", capability: CAPABILITY, mtime: { seconds: 1_500_000_001, nanoseconds: 0 } },
    { path: "d/own", mode: 0o666, content: "x" },
    { path: "d/link", type: "symlink", linkTarget: "../x y", uid: 9, gid: 9 },
    { path: "d/hard", type: "hardlink", linkTarget: "d/suid", mode: 0o4711, uid: 7, gid: 8 },
    { path: "d/pipe", type: "fifo", mode: 0o640 },
    { path: "d/null", type: "character", mode: 0o666, major: 1, minor: 3 },
    { path: "d/disk", type: "block", mode: 0o600, major: 259, minor: 70_000 },
    { path: "old", mtime: { seconds: -5, nanoseconds: 0 } },
  ]);
  assert.deepEqual(listLayer(target, []), [
    "d 2750 5:6 /d", "b 0600 0:0 /d/disk", "f 4711 7:8 /d/hard \"content\" cap", "l 0777 9:9 /d/link -> ../x y", "c 0666 0:0 /d/null", "f 0666 0:0 /d/own \"x\"", "p 0640 0:0 /d/pipe", "h 4711 7:8 /d/suid -> d/hard", "f 0644 0:0 /old \"\"",
  ]);
  assert.equal(lstatSync(join(target, "d")).mtimeMs, 1_500_000_000_000);
  assert.equal(lstatSync(join(target, "d/suid")).mtimeMs, 1_500_000_001_000);
  assert.equal(lstatSync(join(target, "d/link")).mtimeMs, 1_600_000_000_000);
  assert.equal(lstatSync(join(target, "old")).mtimeMs, -5000);
  const { rdev } = lstatSync(join(target, "d/disk"), { bigint: true });
  assert.equal(execFileSync("stat", ["-c", "%Hr:%Lr", join(target, "d/disk")], { encoding: "utf8" }).trim(), "259:70000", String(rdev));
  assert.deepEqual([entries, size], [9, 8]);
  assert.match(diffId, /^sha256:/);
});

test("the nanoseconds of PAX times arrive", async (context) => {
  const archive = execFileSync("python3", ["-c", `
import tarfile, io, sys
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
    for name, kind in (("f", tarfile.REGTYPE), ("d", tarfile.DIRTYPE), ("l", tarfile.SYMTYPE)):
        info = tarfile.TarInfo(name); info.type = kind; info.linkname = "f" if kind == tarfile.SYMTYPE else ""
        info.pax_headers = {"mtime": "1600000000.123456789"}
        tar.addfile(info)
sys.stdout.buffer.write(out.getvalue())`]);
  const { target } = await apply(context, archive, { recordOwners: process.getuid!() !== 0 });
  for (const path of ["f", "d", "l"]) assert.equal(lstatSync(join(target, path), { bigint: true }).mtimeNs, 1_600_000_000_123_456_789n, path);
});

for (const [codec, pack] of [["gzip", gzipSync], ["zstd", zstdCompressSync]] as const) {
  test(`a ${codec} blob is unpacked while its content is checked against the DiffID`, async (context) => {
    const archive = tarOf([{ path: "a", content: Array.from({ length: 20_000 }, (_, at) => at * at).join() }]);
    const own = { recordOwners: process.getuid!() !== 0, codec };
    assert.equal((await apply(context, pack(archive), { ...own, expectedDiffId: sha256(archive) })).diffId, sha256(archive));
    await assert.rejects(apply(context, pack(archive), { ...own, expectedDiffId: sha256("other") }), faultOf("LAYER_DIFF_ID", /has the content sha256:/));
    await assert.rejects(apply(context, pack(archive).subarray(0, 200), own), faultOf("ARCHIVE_DAMAGED", /layer test is damaged/));
    await assert.rejects(apply(context, archive, own), faultOf("ARCHIVE_DAMAGED", /layer test is damaged/));
  });
}

test("the digest counts the bytes behind the end of the archive too", async (context) => {
  const archive = Buffer.concat([tarOf([]), Buffer.alloc(9000), Buffer.from("more")]);
  assert.equal((await apply(context, archive)).diffId, sha256(archive));
});

test("a job in a worker reports the compressed bytes that it has read", async (context) => {
  const folder = temporaryFolder(context);
  const archive = tarOf([{ path: "big", content: "0123456789".repeat(1_000_000) }]);
  writeFileSync(join(folder, "blob"), archive);
  mkdirSync(join(folder, "target"));
  const reports: unknown[] = [];
  const options: ApplyOptions = { blob: join(folder, "blob"), codec: "none", target: join(folder, "target"), lowers: [], recordOwners: process.getuid!() !== 0 };
  const applied = await inWorker<ApplyOptions, AppliedLayer>("layer/apply-layer.ts", "applyLayer", options, { onMessage: (message) => void reports.push(message) });
  assert.equal(applied.size, 10_000_000);
  assert.deepEqual(reports.at(-1), { current: archive.length });
  assert.ok(reports.length > 2);
});

// Whiteouts

test("a whiteout becomes a character device 0/0 where something lies below, and nothing otherwise", { skip: notRoot }, async (context) => {
  const { target } = await apply(context, [{ path: ".wh.gone" }, { path: "d/.wh.x" }, { path: ".wh.never" }], { below: [{ gone: "1", d: { directory: true } }, { "d/x/y": "2" }] });
  assert.ok(isWhiteout(lstatSync(join(target, "gone"))));
  assert.ok(isWhiteout(lstatSync(join(target, "d/x"))));
  assert.deepEqual(readdirSync(target).sort(), ["d", "gone"]);
});

test("an opaque mark may come before, between and behind the entries of its directory", { skip: notRoot }, async (context) => {
  const mark = { path: "d/.wh..wh..opq" };
  const entries = [{ path: "d", type: "directory" as const }, { path: "d/new", content: "n" }];
  for (const members of [[mark, ...entries], [entries[0]!, mark, entries[1]!], [...entries, mark]]) {
    const { target, lowers } = await apply(context, members, { below: [{ "d/old": "o" }] });
    assert.ok(isOpaque(join(target, "d")));
    assert.deepEqual(new Union([target, ...lowers]).readdir("d"), ["new"]);
  }
});

test("an opaque mark at the root hides everything below, though overlayfs knows no opaque roots", { skip: notRoot }, async (context) => {
  const { target, lowers } = await apply(context, [{ path: "d/new" }, { path: ".wh..wh..opq" }, { path: "f" }], { below: [{ f: "1", gone: "2", "d/old": "3" }, { "e/x": "4" }] });
  const view = new Union([target, ...lowers]);
  assert.deepEqual([view.readdir(""), view.readdir("d")], [["d", "f"], ["new"]]);
  assert.equal(isOpaque(target), false);
});

test("a whiteout hides lower layers only, whether the new entry of that name comes before or behind it", { skip: notRoot }, async (context) => {
  const below = [{ "d/old": "o", f: "o" }];
  const [gone, made] = [[{ path: ".wh.d" }, { path: ".wh.f" }], [{ path: "d/new", content: "n" }, { path: "f", content: "n" }]];
  for (const members of [[...gone, ...made], [...made, ...gone]]) {
    const { target, lowers } = await apply(context, members, { below });
    const view = new Union([target, ...lowers]);
    assert.deepEqual([view.readdir(""), view.readdir("d"), readFileSync(join(target, "f"), "utf8")], [["d", "f"], ["new"], "n"]);
  }
});

test("marks of AUFS are passed over, and whiteouts that name no file are refused", async (context) => {
  const { target } = await apply(context, [{ path: ".wh..wh.plnk", type: "directory" }, { path: ".wh..wh.aufs" }]);
  assert.deepEqual(readdirSync(target), []);
  for (const path of [".wh.", "d/.wh..", ".wh..."]) await assert.rejects(apply(context, [{ path }], { recordOwners: true }), faultOf("ARCHIVE_INVALID", /a whiteout must name a file/), path);
});

// Parents, links, duplicates

test("parents that the layer does not list look as they do below, or are 0755 of root", { skip: notRoot }, async (context) => {
  const { target, lowers } = await apply(context, [{ path: "a/b/f" }, { path: "new/deep/f" }], { below: [{ a: { directory: true, mode: 0o700, owner: [1, 2], mtime: 1_500_000_000_000_000_007n } }, { "a/b": { directory: true, mode: 0o1777, owner: [3, 4] } }] });
  assert.deepEqual(listLayer(target, []).map((line) => line.replace(/ ".*/, "")), ["d 0700 1:2 /a", "d 1777 3:4 /a/b", "f 0644 0:0 /a/b/f", "d 0755 0:0 /new", "d 0755 0:0 /new/deep", "f 0644 0:0 /new/deep/f"]);
  assert.equal(lstatSync(join(target, "a"), { bigint: true }).mtimeNs, 1_500_000_000_000_000_007n);
  assert.deepEqual(listLayer(target, lowers).map((line) => line.split(" ")[3]), ["/a", "/a/b", "/a/b/f", "/new", "/new/deep", "/new/deep/f"]);
});

test("a hard link to a file of a lower layer is a full copy with everything it has", { skip: notRoot }, async (context) => {
  const { target } = await apply(context, [{ path: "copy", type: "hardlink", linkTarget: "low/f", mode: 0o4755, uid: 5, gid: 6 }, { path: "again", type: "hardlink", linkTarget: "copy", mode: 0o4755, uid: 5, gid: 6 }, { path: "soft", type: "hardlink", linkTarget: "low/l" }], {
    below: [{ "low/f": { file: "content", mode: 0o4755, owner: [5, 6], mtime: 1_500_000_000_123_456_789n, capability: CAPABILITY }, "low/l": { symlink: "f" } }],
  });
  assert.deepEqual(listLayer(target, []), ["f 4755 5:6 /again \"content\" cap", "h 4755 5:6 /copy -> again", "l 0777 0:0 /soft -> f"]);
  assert.equal(lstatSync(join(target, "copy"), { bigint: true }).mtimeNs, 1_500_000_000_123_456_789n);
});

test("a hard link that says another mode or owner gives them to the file, as in every runtime", { skip: notRoot }, async (context) => {
  const { target } = await apply(context, [{ path: "f", content: "x", mode: 0o4755, uid: 7 }, { path: "g", type: "hardlink", linkTarget: "f", mode: 0o640 }, { path: "h", type: "hardlink", linkTarget: "low", mode: 0o600, uid: 9 }], { below: [{ low: "y" }] });
  assert.deepEqual(listLayer(target, []), ["f 0640 0:0 /f \"x\"", "h 0640 0:0 /g -> f", "f 0600 9:0 /h \"y\""]);
});

test("of entries with the same name the last one counts, and directories are merged", { skip: notRoot }, async (context) => {
  const { target } = await apply(context, [
    { path: "f", content: "first" }, { path: "f", mode: 0o600, content: "second" },
    { path: "d", type: "directory" }, { path: "d/a" }, { path: "d", type: "directory", mode: 0o700 },
    { path: "fd", content: "x" }, { path: "fd", type: "directory", mode: 0o755 }, { path: "fd/x" },
    { path: "df/x/y" }, { path: "df", content: "now a file" },
    { path: "l", type: "symlink", linkTarget: "d" }, { path: "l", type: "directory", mode: 0o755 }, { path: "l/x" },
  ]);
  assert.deepEqual(listLayer(target, []).map((line) => line.split(" ").slice(0, 4).join(" ")), [
    "d 0700 0:0 /d", "f 0644 0:0 /d/a", "f 0644 0:0 /df", "f 0600 0:0 /f", "d 0755 0:0 /fd", "f 0644 0:0 /fd/x", "d 0755 0:0 /l", "f 0644 0:0 /l/x",
  ]);
});

test("a directory that was removed and made again does not show what lies below", { skip: notRoot }, async (context) => {
  const { target, lowers } = await apply(context, [{ path: "d", content: "file" }, { path: "d/", type: "directory" }, { path: "d/new" }], { below: [{ "d/old": "o" }] });
  assert.deepEqual(new Union([target, ...lowers]).readdir("d"), ["new"]);
});

test("the root entry of a layer is not applied", async (context) => {
  const { target } = await apply(context, [{ path: ".", type: "directory", mode: 0o700 }, { path: "./", type: "directory", mode: 0 }]);
  assert.equal(lstatSync(target).mode & 0o777, 0o777 & ~process.umask());
});

// Hostile layers

test("names that lead out of the folder are refused, and slashes at the front mean its root", async (context) => {
  const recordOwners = process.getuid!() !== 0;
  for (const path of ["../../../escaped", "..", "a/../../b", "/../c", "./../up/x"]) {
    await assert.rejects(apply(context, [{ path: "before" }, { path }], { recordOwners }), faultOf("ARCHIVE_INVALID", /entry "[^"]*": its name leads out of the folder/), path);
  }
  const { target } = await apply(context, [{ path: "/absolute" }, { path: "a/../b" }, { path: "..name/..." }], { recordOwners });
  assert.deepEqual(readdirSync(target).sort(), ["..name", "absolute", "b"]);
  assert.deepEqual(readdirSync(join(target, "..")).sort(), ["blob", "target"]);
});

test("a symlink and then a write through it stays in the folder", async (context) => {
  const outside = temporaryFolder(context);
  writeFileSync(join(outside, "victim"), "untouched");
  for (const linkTarget of [outside, `${"../".repeat(20)}${outside}`, `/${"../".repeat(3)}${outside}`]) {
    const { target } = await apply(context, [
      { path: "l", type: "symlink", linkTarget }, { path: "l/victim", content: "written" }, { path: "l/d/new", content: "n" },
      { path: "f", type: "symlink", linkTarget: `${linkTarget}/victim` }, { path: "f", content: "in place of the link" },
      { path: "m", type: "symlink", linkTarget }, { path: "m", type: "directory", mode: 0o777 },
    ], { recordOwners: process.getuid!() !== 0 });
    assert.deepEqual(readdirSync(outside), ["victim"]);
    assert.equal(readFileSync(join(outside, "victim"), "utf8"), "untouched");
    assert.equal(readFileSync(join(target, outside, "victim"), "utf8"), "written");
    assert.equal(readFileSync(join(target, "f"), "utf8"), "in place of the link");
    assert.equal(readlinkSync(join(target, "l")), linkTarget);
  }
});

test("a symlink inside the folder is followed, and a circle of them is refused", async (context) => {
  const { target } = await apply(context, [{ path: "real", type: "directory" }, { path: "l", type: "symlink", linkTarget: "./m" }, { path: "m", type: "symlink", linkTarget: "/real" }, { path: "l/f", content: "x" }], { recordOwners: process.getuid!() !== 0 });
  assert.equal(readFileSync(join(target, "real/f"), "utf8"), "x");
  await assert.rejects(apply(context, [{ path: "a", type: "symlink", linkTarget: "b" }, { path: "b", type: "symlink", linkTarget: "a" }, { path: "a/f" }], { recordOwners: true }), faultOf("SYMLINK_LOOP", /a\/f/));
});

test("a hard link outside, to nothing, or to a directory is refused with its name", async (context) => {
  const secret = join(temporaryFolder(context), "secret");
  writeFileSync(secret, "s");
  for (const linkTarget of [secret, `../../../..${secret}`]) await assert.rejects(apply(context, [{ path: "h", type: "hardlink", linkTarget }]), faultOf("ARCHIVE_INVALID", /entry "h": it is a hard link to .*secret, which does not exist/));
  await assert.rejects(apply(context, [{ path: "l", type: "symlink", linkTarget: secret }, { path: "h", type: "hardlink", linkTarget: "l/x" }], { recordOwners: true }), faultOf("ARCHIVE_INVALID", /which does not exist/));
  await assert.rejects(apply(context, [{ path: "d", type: "directory" }, { path: "h", type: "hardlink", linkTarget: "d" }]), faultOf("ARCHIVE_INVALID", /a hard link to the directory d/));
});

test("a hard link to a symlink that leads outside links the symlink", async (context) => {
  const { target } = await apply(context, [{ path: "l", type: "symlink", linkTarget: "/etc/passwd" }, { path: "h", type: "hardlink", linkTarget: "l" }], { recordOwners: process.getuid!() !== 0 });
  assert.equal(readlinkSync(join(target, "h")), "/etc/passwd");
});

test("a file in the place of a parent is refused", async (context) => {
  await assert.rejects(apply(context, [{ path: "f", content: "x" }, { path: "f/g" }], { recordOwners: process.getuid!() !== 0 }), faultOf("ARCHIVE_INVALID", /entry "f\/g": its parent f is not a directory/));
});

test("xattrs that overlayfs or Sampan would obey are dropped, others of users are kept", async (context) => {
  const xattrs = new Map(Object.entries({ "user.overlay.opaque": "y", "user.overlay.redirect": "/etc", "user.sampan.owner": "0:0", "trusted.overlay.opaque": "y", "security.selinux": "x", "user.mine": "kept" }).map(([name, value]) => [`SCHILY.xattr.${name}`, value]));
  const archive = execFileSync("python3", ["-c", `
import tarfile, io, sys, json
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
    for name, kind in (("d", tarfile.DIRTYPE), ("f", tarfile.REGTYPE)):
        info = tarfile.TarInfo(name); info.type = kind; info.mode = 0o755; info.uid = ${process.getuid!()}; info.gid = ${process.getgid!()}
        info.pax_headers = json.loads(sys.argv[1])
        tar.addfile(info)
sys.stdout.buffer.write(out.getvalue())`, JSON.stringify(Object.fromEntries(xattrs))]);
  const { target } = await apply(context, archive);
  for (const path of ["d", "f"]) {
    assert.equal(String(getXattr(join(target, path), "user.mine")), "kept");
    for (const name of ["user.overlay.opaque", "user.overlay.redirect", "user.sampan.owner", "trusted.overlay.opaque"]) assert.equal(getXattr(join(target, path), name), undefined, name);
  }
});

test("a bomb is stopped at the limit", async (context) => {
  const bomb = gzipSync(tarOf([{ path: "zeros", content: "\0".repeat(20_000_000) }]));
  assert.ok(bomb.length < 100_000);
  await assert.rejects(apply(context, bomb, { codec: "gzip", maxBytes: 10_000_000, recordOwners: process.getuid!() !== 0 }), faultOf("ARCHIVE_TOO_LARGE", /more than 10000000 bytes/));
});

test("a name longer than the file system allows is refused with the entry", async (context) => {
  await assert.rejects(apply(context, [{ path: `d/${"n".repeat(300)}` }], { recordOwners: process.getuid!() !== 0 }), faultOf("ARCHIVE_INVALID", /"d\/nnn.*too long for this file system/));
});

test("an owner beyond what the kernel knows is refused", async (context) => {
  await assert.rejects(apply(context, [{ path: "f", uid: 2 ** 32 }]), faultOf("ARCHIVE_INVALID", /its owner 4294967296:0 is out of range/));
});

// Without root

test("without root owners are recorded, device nodes are skipped and told, and closed directories are filled", { skip: notRoot }, (context) => {
  const folder = temporaryFolder(context);
  execFileSync("chown", ["tester", folder]);
  writeFileSync(join(folder, "blob"), tarOf([
    { path: "closed", type: "directory", mode: 0o500, uid: 3, gid: 4 }, { path: "closed/f", content: "x", mode: 0o400, uid: 5, gid: 6 },
    { path: "null", type: "character", major: 1, minor: 3 }, { path: "root", content: "r" }, { path: ".wh.gone" },
  ]));
  makeTree(join(folder, "lower"), { gone: "1" });
  const script = `
    import { mkdirSync } from "node:fs";
    import { applyLayer } from ${JSON.stringify(new URL("./apply-layer.ts", import.meta.url).href)};
    mkdirSync(${JSON.stringify(join(folder, "target"))});
    const applied = await applyLayer({ blob: ${JSON.stringify(join(folder, "blob"))}, codec: "none", target: ${JSON.stringify(join(folder, "target"))}, lowers: [${JSON.stringify(join(folder, "lower"))}], recordOwners: true });
    console.log(JSON.stringify(applied.skipped));`;
  const output = execFileSync("setpriv", ["--reuid=tester", "--regid=tester", "--clear-groups", process.execPath, "--input-type=module", "-e", script], { encoding: "utf8", cwd: "/" });
  assert.deepEqual(JSON.parse(output), [{ path: "null", what: "device" }]);
  const target = join(folder, "target");
  assert.deepEqual(recordedOwner(join(target, "closed")), { uid: 3, gid: 4 });
  assert.deepEqual(recordedOwner(join(target, "closed/f")), { uid: 5, gid: 6 });
  assert.ok(isWhiteout(lstatSync(join(target, "gone"))));
  assert.ok(!existsSync(join(target, "null")));
  execFileSync("chown", ["-R", "0:0", target]); // as the user sees them in the namespace
  assert.deepEqual(listLayer(target, [join(folder, "lower")]).slice(0, 2), ["d 0500 3:4 /closed", "f 0400 5:6 /closed/f \"x\""]);
});
