import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { headerChecksum } from "../../src/layer/tar-header.ts";
import { encodeTarHeader } from "../../src/layer/write-tar.ts";
import { formatPaxRecord } from "../../src/layer/pax-record.ts";
import { sha256 } from "../../src/oci/digest.ts";
import { assertFault, type ExpectedFault } from "../support/check-fault.ts";
import { noBuilds, scratchBuild, type ScratchBuild } from "../support/scratch-build.ts";
import { ociArchive, smallImage, type SmallLayer } from "../support/small-image.ts";
import { tarOf, type TarMember } from "../support/tar-of.ts";

interface Setup extends ScratchBuild {
  /** A folder outside of the store that no layer may reach, with a file `mine` in it. */
  readonly outside: string;
  /** Loads an image with these layers as `hostile:1`. */
  readonly load: (layers: readonly SmallLayer[]) => Promise<void>;
  /** Builds upon it and gives the folder with the result's files. */
  readonly tree: (dockerfile?: string) => Promise<string>;
}

async function setUp(context: TestContext): Promise<Setup> {
  const scratch = await scratchBuild(context, { base: false });
  const outside = join(scratch.folder, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "mine"), "mine");
  return {
    ...scratch,
    outside,
    load: async (layers) => {
      const loaded = await scratch.sampan(["load"], { input: ociArchive(smallImage(layers), "hostile:1") });
      assert.equal(loaded.status, 0, loaded.stderr);
    },
    tree: async (dockerfile = "FROM hostile:1\nCOPY Dockerfile /Dockerfile\n") => {
      const folder = join(scratch.folder, "tree");
      rmSync(folder, { recursive: true, force: true });
      const built = await scratch.build(dockerfile, ["-o", `type=local,dest=${folder}`]);
      assert.equal(built.status, 0, built.stderr);
      return folder;
    },
  };
}

const layerOf = (...members: TarMember[]): SmallLayer => ({ tar: tarOf(members) });
const up = "../".repeat(30);

function assertUntouched({ outside }: Setup): void {
  assert.deepEqual(readdirSync(outside), ["mine"]);
  assert.equal(readFileSync(join(outside, "mine"), "utf8"), "mine");
  assert.equal(lstatSync(join(outside, "mine")).nlink, 1);
}

/** Ways out of the root that lead nowhere: what they make lies inside of it. */
const CLAMPED: Readonly<Record<string, (outside: string) => readonly SmallLayer[]>> = {
  "absolute names": (outside) => [layerOf({ path: `${outside}/evil`, content: "evil" })],
  "an absolute symlink and a write through it": (outside) => [layerOf({ path: "out", type: "symlink", linkTarget: outside }, { path: "out/evil", content: "evil" })],
  "a relative symlink and a write through it": (outside) => [layerOf({ path: "a/b/out", type: "symlink", linkTarget: `${up}${outside.slice(1)}` }, { path: "a/b/out/evil", content: "evil" })],
  "symlinks behind symlinks": (outside) => [layerOf(
    { path: "one", type: "symlink", linkTarget: "two/.." }, { path: "two", type: "symlink", linkTarget: `${outside}/x` }, { path: "one/evil", content: "evil" }, { path: "two/../evil", content: "evil" },
  )],
  "a symlink in a lower layer and a write through it above": (outside) => [layerOf({ path: "out", type: "symlink", linkTarget: outside }), layerOf({ path: "out/evil", content: "evil" })],
  "a symlink in the place of a folder that was written to": (outside) => [layerOf({ path: "d/x", content: "x" }, { path: "d", type: "symlink", linkTarget: outside }, { path: "d/evil", content: "evil" })],
  "a symlink in the place of a file, written to as that file": (outside) => [layerOf({ path: "f", type: "symlink", linkTarget: `${outside}/mine` }, { path: "f", content: "evil" })],
  "a whiteout through a symlink": (outside) => [layerOf({ path: "out", type: "symlink", linkTarget: outside }), layerOf({ path: "out/.wh.mine" }, { path: "out/.wh..wh..opq" })],
};

describe("no entry of a layer leaves the root", { skip: noBuilds }, () => {
  for (const [name, layers] of Object.entries(CLAMPED)) {
    test(name, async (context) => {
      const setup = await setUp(context);
      await setup.load(layers(setup.outside));
      const tree = await setup.tree();
      assertUntouched(setup);
      assert.ok(existsSync(join(tree, "Dockerfile")));
      await setup.checkStore();
      // Building upon it follows the links inside of the root only, too.
      await setup.tree("FROM hostile:1\nCOPY Dockerfile /out/\nCOPY Dockerfile /a/b/out/x/\nWORKDIR /two/deep\n");
      assertUntouched(setup);
      await setup.checkStore();
    });
  }
});

/** Layers that are refused. */
const REFUSED: Readonly<Record<string, { readonly layers: (outside: string) => readonly SmallLayer[] } & ExpectedFault>> = {
  "a name with ..": { layers: (outside) => [layerOf({ path: `${up}${outside.slice(1)}/evil`, content: "evil" })], message: /entry "\.\.\/\.\..*evil": its name leads out of the folder that the archive is for/ },
  "an absolute name with ..": { layers: () => [layerOf({ path: "/a/../../evil", content: "evil" })], message: /its name leads out/ },
  "a hard link to a file outside": { layers: (outside) => [layerOf({ path: "h", type: "hardlink", linkTarget: `${outside}/mine` })], message: /entry "h": it is a hard link to .*\/mine, which does not exist/ },
  "a hard link with ..": { layers: (outside) => [layerOf({ path: "h", type: "hardlink", linkTarget: `${up}${outside.slice(1)}/mine` })], message: /which does not exist/ },
  "a hard link through a symlink": {
    layers: (outside) => [layerOf({ path: "l", type: "symlink", linkTarget: outside }, { path: "h", type: "hardlink", linkTarget: "l/mine" }, { path: "h", content: "evil" })], message: /which does not exist/,
  },
  "a hard link through a symlink of a lower layer": {
    layers: (outside) => [layerOf({ path: "l", type: "symlink", linkTarget: outside }), layerOf({ path: "h", type: "hardlink", linkTarget: "l/mine" })], message: /which does not exist/,
  },
  "a header of 100 MB": { layers: () => [{ tar: Buffer.concat([typed("x", 100_000_000), Buffer.alloc(1024)]) }], message: /a header of 100000000 bytes is larger than 1048576/ },
  "a name of 5,000 bytes": { layers: () => [layerOf({ path: "n/".repeat(2500) })], message: /its name is longer than 4096 bytes/ },
  "a thousand headers for one entry": { layers: () => [{ tar: Buffer.concat([...Array.from({ length: 1000 }, () => typed("x", 0)), tarOf([{ path: "x" }])]) }], message: /more than 64 headers describe one entry/ },
  "a size that the archive does not have": { layers: () => [{ tar: encodeTarHeader({ path: "x", type: "file", mode: 0o644, uid: 0, gid: 0, size: 8 * 2 ** 40, mtime: { seconds: 0, nanoseconds: 0 } }) }], message: /it ends in the middle/ },
  "a loop of symlinks": { layers: () => [layerOf({ path: "a", type: "symlink", linkTarget: "b" }, { path: "b", type: "symlink", linkTarget: "a" }, { path: "a/x", content: "x" })], message: /too many links|symbolic links/ },
  "a sparse file": { layers: () => [{ tar: Buffer.concat([pax({ "GNU.sparse.major": "1" }), tarOf([{ path: "x" }])]) }], message: /sparse files are not supported/ },
  "an unknown type of entry": { layers: () => [{ tar: Buffer.concat([typed("Z", 0), Buffer.alloc(1024)]) }], message: /unhandled tar header type/ },
  "no tar archive": { layers: () => [{ tar: Buffer.alloc(4096, "not a tar") }], message: /wrong checksum/ },
  "no gzip": { layers: () => [{ tar: tarOf([{ path: "x" }]), blob: tarOf([{ path: "x" }]) }], message: /is damaged: gzip/ },
  "a gzip that was cut": { layers: () => [{ tar: big, blob: gzipSync(big).subarray(0, -100) }], message: /is damaged: gzip/ },
  "a gzip with a wrong checksum": { layers: () => [{ tar: big, blob: patched(gzipSync(big), -8) }], message: /is damaged: gzip/ },
  "another content than the config promises": { layers: () => [{ tar: tarOf([{ path: "x" }]), diffId: sha256("something else") }], message: /has the content sha256:.* but the image's config says sha256:/ },
};
const big = tarOf([{ path: "big", content: Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * at) % 251)) }]);

describe("a layer that cannot be unpacked is refused with its reason, and nothing of it stays", { skip: noBuilds }, () => {
  for (const [name, { layers, ...expected }] of Object.entries(REFUSED)) {
    test(name, async (context) => {
      const setup = await setUp(context);
      await setup.load(layers(setup.outside));
      const built = await setup.build("FROM hostile:1\nCOPY Dockerfile /\n");
      assertFault(built, { hint: /./, ...expected, frame: { place: "Dockerfile:1", line: "FROM hostile:1" } });
      assertFault(await setup.sampan(["run", "--rm", "hostile:1", "true"]), { status: 125, hint: /./, ...expected });
      assertUntouched(setup);
      await setup.checkStore();
      const good = await setup.build("FROM scratch\nCOPY Dockerfile /\n");
      assert.equal(good.status, 0, good.stderr);
    });
  }
});

test("of several entries with one name the last counts, whatever the others were", { skip: noBuilds }, async (context) => {
  const setup = await setUp(context);
  await setup.load([layerOf(
    { path: "a", content: "first" }, { path: "a", content: "last" },
    { path: "b", type: "directory" }, { path: "b/inside", content: "x" }, { path: "b", content: "file" },
    { path: "c", content: "file" }, { path: "c", type: "directory" }, { path: "c/inside", content: "x" },
    { path: "d", type: "hardlink", linkTarget: "a" }, { path: "d", content: "own" },
    { path: "e", type: "symlink", linkTarget: "a" }, { path: "e", content: "own" },
  )]);
  const tree = await setup.tree();
  for (const [path, text] of [["a", "last"], ["b", "file"], ["c/inside", "x"], ["d", "own"], ["e", "own"]] as const) {
    assert.equal(readFileSync(join(tree, path), "utf8"), text, path);
    assert.ok(lstatSync(join(tree, path)).isFile(), path);
  }
});

test("xattrs by which overlayfs or the store would be led astray are not taken from layers", { skip: noBuilds }, async (context) => {
  const setup = await setUp(context);
  const lower = layerOf({ path: "etc/shadow", content: "secret" }, { path: "shown/inside", content: "x" });
  const names = ["user.overlay.redirect", "user.overlay.opaque", "user.overlay.whiteout", "trusted.overlay.redirect", "trusted.overlay.opaque", "user.sampan.owner"];
  const upper = Buffer.concat([pax(Object.fromEntries(names.map((name) => [`SCHILY.xattr.${name}`, name.endsWith("opaque") ? "y" : name.endsWith("owner") ? "4711:4711" : "/etc"]))), tarOf([{ path: "shown", type: "directory" }])]);
  await setup.load([lower, { tar: upper }]);
  const tree = await setup.tree();
  assert.deepEqual(readdirSync(join(tree, "shown")), ["inside"]);
  assert.equal(lstatSync(join(tree, "shown")).uid, 0);
});

/** A header block of that type, `x` for PAX, for so many bytes. */
function typed(type: string, size: number): Buffer {
  const block = Buffer.from(encodeTarHeader({ path: "header", type: "file", mode: 0o644, uid: 0, gid: 0, size, mtime: { seconds: 0, nanoseconds: 0 } }));
  block[156] = type.charCodeAt(0);
  block.fill(0x20, 148, 156);
  block.write(`${headerChecksum(block).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function pax(records: Readonly<Record<string, string>>): Buffer {
  const content = Buffer.concat(Object.entries(records).map(([key, value]) => formatPaxRecord(key, Buffer.from(value))));
  return Buffer.concat([typed("x", content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function patched(bytes: Buffer, at: number): Buffer {
  bytes[bytes.length + at]! ^= 0xff;
  return bytes;
}

