import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { makeTree } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import { UnpackFolder } from "./unpack-folder.ts";

const options = { archive: "test", layerRoot: true, followLower: false };

test("whatever symlinks there are, entering a directory never leads out of the folder", (context) => {
  const outer = temporaryFolder(context);
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const target = fc.tuple(fc.constantFrom("", "/", "../", "../../../", "./"), path, fc.constantFrom("", "/..", "/../../.."))
    .map((parts) => parts.join(""));
  let turn = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.option(target, { nil: undefined })), { maxLength: 10 }), (steps) => {
      turn += 1;
      const root = join(outer, `${turn}`, "root");
      mkdirSync(root, { recursive: true });
      const folder = new UnpackFolder(root, [], options);
      for (const [entry, link] of steps) {
        const cut = entry.lastIndexOf("/");
        try {
          const parent = cut < 0 ? "" : folder.enter(entry.slice(0, cut), entry);
          const place = [parent, entry.slice(cut + 1)].filter((part) => part !== "").join("/");
          assert.ok(!place.split("/").includes(".."));
          for (let at = parent; at !== ""; at = at.slice(0, Math.max(at.lastIndexOf("/"), 0))) assert.ok(lstatSync(join(root, at)).isDirectory());
          folder.remove(place);
          if (link === undefined) writeFileSync(folder.hostPath(place), "");
          else symlinkSync(link, folder.hostPath(place));
        } catch (error) {
          assert.ok(isFault(error, "ARCHIVE_INVALID") || isFault(error, "SYMLINK_LOOP"), String(error));
        }
      }
      assert.deepEqual(readdirSync(join(outer, `${turn}`)), ["root"]);
    }),
  );
});

test("a directory that was replaced is not taken for one any more", (context) => {
  const root = temporaryFolder(context);
  const folder = new UnpackFolder(root, [], options);
  assert.equal(folder.enter("a/b", "a/b/f"), "a/b");
  folder.remove("a");
  symlinkSync("elsewhere", join(root, "a"));
  assert.equal(folder.enter("a/b", "a/b/f"), "elsewhere/b");
  assert.deepEqual([...folder.directories.keys()], ["elsewhere", "elsewhere/b"]);
});

test("a symlink that was replaced leads no longer where it led, and what is below a removed directory is forgotten", (context) => {
  const root = makeTree(temporaryFolder(context), { one: { directory: true }, two: { directory: true }, a: { symlink: "one" } });
  const lower = makeTree(temporaryFolder(context), { "two/deep": { directory: true }, "two/deep/file": "" });
  const folder = new UnpackFolder(root, [lower], options);
  assert.equal(folder.enter("a", "a/f"), "one");
  folder.remove("a");
  symlinkSync("two", join(root, "a"));
  assert.equal(folder.enter("a", "a/f"), "two");
  assert.equal(folder.enter("a/deep", "a/deep/f"), "two/deep");
  folder.hide("two/deep");
  assert.equal(folder.below("two/deep/file"), undefined);
  folder.remove("two");
  assert.deepEqual([...folder.directories.keys()], []);
  assert.equal(folder.below("two/deep/file")?.stat.isFile(), true);
  folder.makeDirectory("a");
  assert.equal(folder.enter("a", "a/f"), "a");
});

test("a symlink of a lower layer is followed only where that is asked for", (context) => {
  const folder = temporaryFolder(context);
  const lower = makeTree(join(folder, "lower"), { lib: { symlink: "usr/lib" }, "usr/lib": { directory: true, mode: 0o711 } });
  for (const [followLower, real] of [[false, "lib"], [true, "usr/lib"]] as const) {
    const root = makeTree(join(folder, String(followLower)), {});
    const unpack = new UnpackFolder(root, [lower], { ...options, followLower });
    assert.equal(unpack.enter("lib", "lib/x"), real);
    assert.equal(unpack.directories.get(real)!.mode, 0o711);
  }
});

test("a whiteout that cannot be made says what is needed for it", (context) => {
  const root = join(temporaryFolder(context), "root");
  mkdirSync(root);
  const folder = new UnpackFolder(root, [], options);
  rmSync(root, { recursive: true });
  assert.throws(() => folder.whiteOut("gone"), (error) => isFault(error, "WHITEOUT_REFUSED") && /deletion of gone/.test(error.message) && /Linux 5.8/.test(error.hint!));
});
