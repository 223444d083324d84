import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { selectSources } from "./select-sources.ts";
import { SourceView } from "./source-view.ts";
import { compileFilter, takenEntries, type TakenEntry } from "./tree-filter.ts";

describe("what --parents and --exclude leave of a folder", () => {
  let root = "";
  before(() => {
    root = mkdtempSync(join(tmpdir(), "tree-filter-"));
    for (const path of ["a/1.c", "a/1.md", "a/deep/2.c", "a/deep/none/3.md", "b/4.c", "5.c"]) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), path);
    }
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** Paths, a `~` in front of folders that are only on the way. */
  const paths = (taken: readonly TakenEntry[]): string[] => taken.flatMap(({ path, itself, below }) => [itself ? path : `~${path}`, ...paths(below())]);
  const taken = (include: string | undefined, exclude: readonly string[] = []): string[] => {
    const view = new SourceView({ layers: [root], zeroOwner: true });
    return paths(takenEntries(view, view.find("")!, compileFilter(include, exclude)));
  };

  test("is everything without a pattern, and no filter is made for that", () => {
    assert.equal(compileFilter(undefined, []), undefined);
    assert.deepEqual(taken(undefined), ["5.c", "a", "a/1.c", "a/1.md", "a/deep", "a/deep/2.c", "a/deep/none", "a/deep/none/3.md", "b", "b/4.c"]);
  });

  test("has folders on the way to what an include pattern matches, and no others", () => {
    assert.deepEqual(taken("a/deep/2.c"), ["~a", "~a/deep", "a/deep/2.c"]);
    assert.deepEqual(taken("**/*.c"), ["5.c", "~a", "a/1.c", "~a/deep", "a/deep/2.c", "~b", "b/4.c"]);
    assert.deepEqual(taken("a/*"), ["~a", "a/1.c", "a/1.md", "a/deep", "a/deep/2.c", "a/deep/none", "a/deep/none/3.md"]);
    assert.deepEqual(taken("x"), []);
  });

  test("lets an exclude pattern win, and takes back what comes behind !", () => {
    assert.deepEqual(taken("a", ["**/*.md"]), ["a", "a/1.c", "a/deep", "a/deep/2.c", "a/deep/none"]);
    assert.deepEqual(taken(undefined, ["a", "b", "!a/deep/2.c"]), ["5.c", "~a", "~a/deep", "a/deep/2.c"]);
  });

  test("is not looked for where it cannot be", () => {
    const filter = compileFilter("a/deep/*.c", ["b"])!;
    assert.deepEqual(["a", "a/deep", "a/deeper", "b"].map((path) => filter.mayTakeBelow(path)), [true, true, false, false]);
  });

  test("says which flag a bad pattern is of", () => {
    assert.throws(() => compileFilter(undefined, ["ok", "["]), { code: "IGNORE_PATTERN", message: "invalid excludepatterns: [ok []: syntax error in pattern" });
    assert.throws(() => compileFilter("[", []), { code: "IGNORE_PATTERN", message: "invalid includepatterns: [[]: syntax error in pattern" });
  });

  test("begins at the pivot of a --parents source", () => {
    const view = new SourceView({ layers: [root], zeroOwner: true });
    const [selection] = selectSources(view, "a/./deep/*.c", { wildcards: true, parents: true });
    assert.equal(selection!.entry.path, "a");
    assert.deepEqual(paths(takenEntries(view, selection!.entry, selection!.filter)), ["~deep", "deep/2.c"]);
    assert.throws(() => selectSources(view, "a/./deep/9.c", { wildcards: true, parents: true }), { code: "COPY_SOURCE_NOT_FOUND" });
  });
});
