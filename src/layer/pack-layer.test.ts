import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { CAPABILITY } from "../../test/support/copy-fixture.ts";
import { listLayer, makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { sha256 } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import { applyLayer } from "./apply-layer.ts";
import { diffLayer } from "./diff-layer.ts";
import { packEntries, packLayer, type PackedLayer, type PackOptions } from "./pack-layer.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for owners, devices and whiteouts";
const noOverlay = notRoot || (spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0 ? false : "needs the right to mount overlayfs");
const TIME = 1_600_000_000_000_000_000n;

test("an empty layer is two blocks of zeros, as BuildKit's", async (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "upper"));
  const packed = await packLayer({ upper: join(folder, "upper"), lowers: [], codec: "none", output: join(folder, "blob") });
  assert.deepEqual(packed, {
    diffId: "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", tarSize: 1024, size: 0,
    digest: "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef", blobSize: 1024,
  });
});

for (const codec of ["none", "gzip", "zstd"] as const) {
  test(`digests and sizes of a ${codec} blob are those of its file, and the DiffID is that of the tar`, async (context) => {
    const folder = temporaryFolder(context);
    const upper = makeTree(join(folder, "upper"), { "d/a": { file: Buffer.alloc(3_000_000, "text ") }, "d/b": "b" });
    const output = join(folder, "blob");
    const options: PackOptions = { upper, lowers: [], codec, output };
    const packed = await inWorker<PackOptions, PackedLayer>("layer/pack-layer.ts", "packLayer", options);
    const blob = readFileSync(output);
    assert.deepEqual([packed.digest, packed.blobSize], [sha256(blob), blob.length]);
    const unpack = { none: ["cat", output], gzip: ["gzip", "-dc", output], zstd: ["zstd", "-dcq", output] }[codec];
    const tar = execFileSync(unpack[0]!, unpack.slice(1), { maxBuffer: 2 ** 24 });
    assert.deepEqual([packed.diffId, packed.tarSize, packed.size], [sha256(tar), tar.length, 3_000_001]);
    const hashed = await packLayer({ upper, lowers: [], codec });
    assert.deepEqual(hashed, { diffId: packed.diffId, tarSize: packed.tarSize, size: packed.size });
    assert.equal(statSync(output).size, packed.blobSize);
  });
}

test("GNU tar finds no difference between a layer and its folder", { skip: notRoot }, async (context) => {
  const folder = temporaryFolder(context);
  const long = "n".repeat(180);
  const upper = makeTree(join(folder, "upper"), {
    d: { directory: true, mode: 0o1777, owner: [70_000, 3_000_000], mtime: TIME }, "d/suid": { file: "x", mode: 0o4755, mtime: TIME }, "d/cap": { file: "c", capability: CAPABILITY, mtime: TIME },
    [`d/${long}`]: { file: long, owner: [1, 2], mtime: TIME }, "d/ünï 𝒵": { file: "u", mtime: TIME }, "d/new\nline": { file: "n", mtime: TIME }, "d/hard": { hardlink: "d/suid" }, "d/pipe": { fifo: 0o600 },
  });
  const output = join(folder, "blob");
  await packLayer({ upper, lowers: [], codec: "none", output });
  const compare = spawnSync("tar", ["--xattrs", "-df", output, "-C", upper], { encoding: "utf8" });
  assert.deepEqual(compare.stdout.split("\n").filter((line) => line !== "" && !/pipe: Mod time|^d: Mod time/.test(line)), []);
});

test("any tree of files comes back from its layer, and its layer comes back byte for byte", { skip: notRoot }, async (context) => {
  const folder = temporaryFolder(context);
  const name = fc.constantFrom("a", "b", ".hidden", "with space", "ünï", "n".repeat(120));
  const leaf = fc.oneof(
    fc.record({ file: fc.string({ maxLength: 700 }), mode: fc.constantFrom(0o644, 0o4755, 0), owner: fc.tuple(fc.nat(5), fc.nat(3_000_000)), mtime: fc.constantFrom(TIME, -TIME) }, { noNullPrototype: true }),
    fc.record({ symlink: fc.string({ minLength: 1, maxLength: 150, unit: "grapheme-ascii" }) }, { noNullPrototype: true }),
    fc.record({ directory: fc.constant(true as const), mode: fc.constantFrom(0o755, 0o700) }, { noNullPrototype: true }),
    fc.constant({ fifo: 0o600 }),
  );
  const tree = fc.uniqueArray(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")), leaf), { maxLength: 8, selector: ([path]) => path });
  let turn = 0;
  await fc.assert(
    fc.asyncProperty(tree, async (nodes) => {
      turn += 1;
      // What lies in a file or link cannot be; the first of two such names stays.
      const fitting = nodes.filter(([path], at) => nodes.every(([other, node], index) => index === at || (!path.startsWith(`${other}/`) || "directory" in node) && !(other.startsWith(`${path}/`) && !("directory" in nodes[at]![1]))));
      const upper = makeTree(join(folder, `${turn}`), Object.fromEntries(fitting) as Record<string, Node>);
      const [blob, target] = [join(folder, `${turn}.tar`), join(folder, `${turn}.out`)];
      mkdirSync(target);
      const packed = await packLayer({ upper, lowers: [], codec: "none", output: blob });
      const applied = await applyLayer({ blob, codec: "none", target, lowers: [], recordOwners: false, expectedDiffId: packed.diffId });
      assert.deepEqual(listLayer(target, []), listLayer(upper, []));
      assert.equal(applied.size, packed.size);
      assert.equal((await packLayer({ upper: target, lowers: [], codec: "none" })).diffId, packed.diffId);
    }),
    { numRuns: 25 },
  );
});

test("what the kernel's overlayfs writes into its upper folder is packed as the change that it is", { skip: noOverlay }, (context) => {
  const folder = temporaryFolder(context);
  const lower = makeTree(join(folder, "lower"), {
    "d/file": "old", "d/chmod": "c", "gone/deep": "g", opq: { directory: true }, "opq/old": "o", "opq/same": { file: "s", mtime: TIME }, moved: "m", kept: "k", todir: "t", "tofile/x": "x",
  });
  for (const name of ["upper", "work", "root"]) mkdirSync(join(folder, name));
  const script = `
    mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work root
    cd root
    echo -n new > d/file; chmod 600 d/chmod; chmod 644 d/chmod
    rm -r gone; rm -r opq; mkdir opq; echo -n n > opq/new; echo -n s > opq/same; touch -d @1600000000 opq/same
    mv moved renamed; touch d; mkdir tmp; rmdir tmp; ln kept linked
    rm todir; mkdir todir; touch todir/in; rm -r tofile; echo -n f > tofile
    cd ..; umount root`;
  execFileSync("unshare", ["-m", "sh", "-ec", script], { cwd: folder });
  assert.deepEqual(listLayer(join(folder, "upper"), [lower]), [
    "d 0755 0:0 /d", "f 0644 0:0 /d/file \"new\"", "f 0000 0:0 /.wh.gone", "f 0644 0:0 /linked \"k\"", "f 0000 0:0 /.wh.moved",
    "d 0755 0:0 /opq", "f 0644 0:0 /opq/new \"n\"", "f 0000 0:0 /opq/.wh.old", "f 0644 0:0 /renamed \"m\"", "d 0755 0:0 /todir", "f 0644 0:0 /todir/in \"\"", "f 0644 0:0 /tofile \"f\"",
  ]);
});

test("whiteouts are empty files of mode 0 at the epoch", { skip: notRoot }, async (context) => {
  const folder = temporaryFolder(context);
  const upper = makeTree(join(folder, "upper"), { "d/gone": WHITEOUT });
  const lower = makeTree(join(folder, "lower"), { "d/gone": "1" });
  const output = join(folder, "blob");
  await packLayer({ upper, lowers: [lower], codec: "none", output });
  const listed = execFileSync("tar", ["--utc", "--full-time", "-tvf", output], { encoding: "utf8" }).trimEnd().split("\n");
  assert.match(listed[1]!, /^---------- 0\/0 +0 1970-01-01 00:00:00 d\/\.wh\.gone$/);
});

for (const [what, change] of [["shorter", (path: string) => truncateSync(path, 10)], ["longer", (path: string) => appendFileSync(path, "more")]] as const) {
  test(`a file that gets ${what} while it is packed is a fault with its name`, async (context) => {
    const folder = temporaryFolder(context);
    const upper = makeTree(join(folder, "upper"), { "d/log": "x".repeat(1000) });
    const entries = function* (): ReturnType<typeof diffLayer> {
      for (const entry of diffLayer(upper, [])) {
        if (entry.path === "d/log") change(join(upper, "d/log"));
        yield entry;
      }
    };
    await assert.rejects(packEntries(entries(), { codec: "none" }), (error) => isFault(error, "FILE_CHANGED") && error.message === "/d/log changed while it was read");
  });
}

test("a full disk is a fault", { skip: noOverlay }, (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, "small"));
  makeTree(join(folder, "upper"), { noise: { file: Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * at * 31) >> 3)) } });
  writeFileSync(join(folder, "pack.ts"), `
    import { packLayer } from ${JSON.stringify(new URL("./pack-layer.ts", import.meta.url).href)};
    await packLayer({ upper: "upper", lowers: [], codec: "none", output: "small/blob" }).catch((error) => console.log(error.code, error.details.path));`);
  const output = execFileSync("unshare", ["-m", "sh", "-ec", `mount -t tmpfs -o size=1m none small; exec ${process.execPath} pack.ts`], { cwd: folder, encoding: "utf8" });
  assert.equal(output, "DISK_FULL small/blob\n");
});

for (const [name, below, diffId] of [
  ["one", [], "sha256:bbdc924ab9d763d5e3083124d4fb5772787bf750478bffa7ca1a266e3bb3bc0c"],
  ["two", ["one"], "sha256:ba7f1760a7a28d8105300a1314f95554a96aa2ae6656eb5b9fdb6d386ec872e1"],
  ["capability", [], "sha256:f73bad7a17c12f172ed4b2992fe3ed20577672ca1393c9bcee620c57d252dd82"],
] as const) {
  test(`a layer that BuildKit wrote (${name}) comes out of applying and packing byte for byte`, { skip: notRoot }, async (context) => {
    const folder = temporaryFolder(context);
    const lowers: string[] = [];
    for (const layer of [...below, name]) {
      const target = join(folder, layer);
      mkdirSync(target);
      const blob = join(import.meta.dirname, `fixtures/buildkit-${layer}.tar.gz`);
      const applied = await applyLayer({ blob, codec: "gzip", target, lowers, recordOwners: false });
      assert.deepEqual(applied.skipped, []);
      if (layer !== name) lowers.unshift(target);
      else assert.equal(applied.diffId, diffId, basename(blob));
    }
    const output = join(folder, "blob");
    const packed = await packLayer({ upper: join(folder, name), lowers, codec: "none", output });
    assert.ok(readFileSync(output).equals(gunzipSync(readFileSync(join(import.meta.dirname, `fixtures/buildkit-${name}.tar.gz`)))));
    assert.equal(packed.diffId, diffId);
  });
}
