import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { makeTree } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { isFault } from "../std/fault.ts";
import type { LayerEntry } from "./entry.ts";
import { cleanPath } from "./parse-tar-header.ts";
import { createUnpacker } from "./unpack-entries.ts";
import { UnpackFolder } from "./unpack-folder.ts";

const recordOwners = process.getuid!() !== 0;
const base = { mode: 0o755, uid: 0, gid: 0, size: 0, mtime: { seconds: 1_600_000_000, nanoseconds: 0 } };

/** Feeds entries, every file with the same text. */
function unpack(folder: UnpackFolder, entries: readonly LayerEntry[]): void {
  const unpacker = createUnpacker(folder, { archive: "test", recordOwners });
  for (const entry of entries) {
    unpacker.entry(entry);
    if (entry.size > 0) unpacker.data(Buffer.from("hostile!"));
    unpacker.end();
  }
  unpacker.finish();
}

test("no order of hostile entries touches anything outside the folder, or below it", (context) => {
  const outer = temporaryFolder(context);
  const outside = join(outer, "outside");
  makeTree(outside, { victim: "untouched", "d/f": "untouched" });
  const name = fc.constantFrom("a", "b", "c", "..", ".wh.a", ".wh.b", ".wh..wh..opq");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => cleanPath(parts.join("/"))).filter((text) => text !== "");
  const target = fc.oneof(path, fc.constantFrom(outside, `${outside}/victim`, `../../../outside/d`, `/../..${outside}/d/f`, "..", "/", ".", "../outside"));
  const entry: fc.Arbitrary<LayerEntry> = fc.oneof(
    path.map((at) => ({ ...base, path: at, type: "file" as const, size: 8 })),
    path.map((at) => ({ ...base, path: at, type: "directory" as const })),
    fc.tuple(path, target).map(([at, linkTarget]) => ({ ...base, path: at, type: "symlink" as const, linkTarget })),
    fc.tuple(path, target).map(([at, linkTarget]) => ({ ...base, path: at, type: "hardlink" as const, linkTarget: cleanPath(linkTarget) })),
    path.map((at) => ({ ...base, path: at, type: "fifo" as const })),
  );
  let turn = 0;
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 12 }), fc.boolean(), (entries, followLower) => {
      turn += 1;
      const lower = makeTree(join(outer, `${turn}`, "lower"), { "a/b": "below", b: { symlink: outside }, c: { symlink: "../../outside/d" } });
      const root = join(outer, `${turn}`, "root");
      mkdirSync(root);
      try {
        unpack(new UnpackFolder(root, [lower], { archive: "test", layerRoot: true, followLower }), entries);
      } catch (error) {
        assert.ok(isFault(error, "ARCHIVE_INVALID") || isFault(error, "SYMLINK_LOOP"), String((error as Error).stack));
      }
      assert.deepEqual([readdirSync(outside).sort(), readFileSync(join(outside, "victim"), "utf8"), readFileSync(join(outside, "d/f"), "utf8")], [["d", "victim"], "untouched", "untouched"]);
      assert.deepEqual([readdirSync(join(outer, `${turn}`)).sort(), readdirSync(lower).sort(), readFileSync(join(lower, "a/b"), "utf8")], [["lower", "root"], ["a", "b", "c"], "below"]);
    }),
    { numRuns: 300 },
  );
});

test("a hard link in the place of the directory that its target lies in is refused", (context) => {
  const root = temporaryFolder(context);
  const entries: LayerEntry[] = [{ ...base, path: "d/f", type: "file", size: 8 }, { ...base, path: "d", type: "hardlink", linkTarget: "d/f" }];
  assert.throws(() => unpack(new UnpackFolder(root, [], { archive: "test", layerRoot: true, followLower: false }), entries), (error) => isFault(error, "ARCHIVE_INVALID") && /in what it replaces/.test(error.message));
});

test("a hard link to itself changes nothing where it exists", (context) => {
  const root = temporaryFolder(context);
  const link: LayerEntry = { ...base, path: "f", type: "hardlink", linkTarget: "f" };
  unpack(new UnpackFolder(root, [], { archive: "test", layerRoot: true, followLower: false }), [{ ...base, path: "f", type: "file", size: 8 }, link]);
  assert.equal(readFileSync(join(root, "f"), "utf8"), "hostile!");
  assert.throws(() => unpack(new UnpackFolder(temporaryFolder(context), [], { archive: "test", layerRoot: true, followLower: false }), [link]), (error) => isFault(error, "ARCHIVE_INVALID"));
});

test("files in a setgid directory that was there before get their own group", { skip: process.getuid!() === 0 ? false : "needs root for groups" }, (context) => {
  const root = makeTree(temporaryFolder(context), { shared: { directory: true, mode: 0o2777, owner: [0, 33] } });
  unpack(new UnpackFolder(root, [], { archive: "test", layerRoot: true, followLower: false }), [{ ...base, path: "shared/f", type: "file", size: 8 }, { ...base, path: "shared/d", type: "directory" }]);
  assert.deepEqual(["shared/f", "shared/d"].map((path) => lstatSync(join(root, path)).gid), [0, 0]);
  writeFileSync(join(root, "shared/own"), "");
  assert.equal(lstatSync(join(root, "shared/own")).gid, 33);
});
