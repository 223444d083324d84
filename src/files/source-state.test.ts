import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { makeTree } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { digestSources } from "./digest-sources.ts";
import { sourceState } from "./source-state.ts";

function prepare(t: TestContext): { folder: string; tree: { layers: string[]; zeroOwner: true; excludes: string[] } } {
  const folder = makeTree(join(temporaryFolder(t), "context"), { "a/b/c": "text", "a/d": "other", "a/l": { symlink: "d" }, "e/f": "third", "log/x": "hidden", "log/kept": "shown" });
  return { folder, tree: { layers: [folder], zeroOwner: true, excludes: ["log", "!log/kept"] } };
}

test("every change that changes the digest changes the state, and changes elsewhere do not", (t) => {
  const { folder, tree } = prepare(t);
  const look = (): [string, string] => [sourceState(tree, ["a", "log"])!.digest, digestSources({ tree, sources: ["a", "log"], wildcards: true }).digest];
  let [state, digest] = look();
  const changes: Record<string, () => void> = {
    "a file has other bytes of the same number": () => { writeFileSync(join(folder, "new"), "TEXT"); renameSync(join(folder, "new"), join(folder, "a/b/c")); },
    "a file is longer": () => appendFileSync(join(folder, "a/d"), "!"),
    "a file has another mode": () => chmodSync(join(folder, "a/d"), 0o600),
    "a folder has another mode": () => chmodSync(join(folder, "a/b"), 0o700),
    "a file has another name": () => renameSync(join(folder, "a/d"), join(folder, "a/e")),
    "a file lies one folder higher": () => renameSync(join(folder, "a/b/c"), join(folder, "a/c")),
    "there is an empty folder": () => void mkdirSync(join(folder, "a/empty")),
    "a folder is gone": () => rmSync(join(folder, "a/empty"), { recursive: true }),
    "a link leads elsewhere": () => { rmSync(join(folder, "a/l")); symlinkSync("b/c", join(folder, "a/l")); },
    "a file that is shown again among hidden ones": () => writeFileSync(join(folder, "log/kept"), "still shown"),
  };
  for (const [name, change] of Object.entries(changes)) {
    change();
    const [nextState, nextDigest] = look();
    assert.notEqual(nextDigest, digest, name);
    assert.notEqual(nextState, state, name);
    [state, digest] = [nextState, nextDigest];
  }
  writeFileSync(join(folder, "e/f"), "elsewhere");
  writeFileSync(join(folder, "log/x"), "still hidden");
  utimesSync(join(folder, "a"), 1, 2);
  assert.deepEqual(look(), [state, digest]);
});

test("what the state cannot tell is left to who reads the files", (t) => {
  const { folder, tree } = prepare(t);
  assert.notEqual(sourceState(tree, ["."])!.digest, sourceState({ ...tree, excludes: [] }, ["."])!.digest);
  assert.notEqual(sourceState(tree, ["a"])!.digest, sourceState(tree, ["a", "a/b"])!.digest);
  assert.equal(sourceState({ ...tree, zeroOwner: false }, ["."]), undefined, "owners count");
  assert.equal(sourceState({ ...tree, layers: [folder, folder] }, ["."]), undefined, "layers");
  for (const source of ["a/*", "a/l", "missing", "a/d/x"]) assert.equal(sourceState(tree, [source]), undefined, source);
  assert.equal(sourceState(tree, ["a/d", "./a//b/../b"])?.digest, sourceState(tree, ["/a/d", "a/b"])?.digest);
});
