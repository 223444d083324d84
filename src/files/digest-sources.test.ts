import assert from "node:assert/strict";
import { appendFileSync, chmodSync, chownSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { setXattr } from "../linux/xattr.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { isFault } from "../std/fault.ts";
import { digestFew, digestSources, unchangedSources } from "./digest-sources.ts";

const skip = process.getuid?.() === 0 ? false : "needs root, to make files of other users";

function contextOf(t: TestContext, nodes: Record<string, Node>): string {
  return makeTree(join(temporaryFolder(t), "context"), nodes);
}

function digestOf(folder: string, sources: string[] = ["."], more: { excludes?: string[]; zeroOwner?: boolean } = {}): Digest {
  return digestSources({ tree: { layers: [folder], zeroOwner: true, ...more }, sources, wildcards: true }).digest;
}

/** Waits until files count as settled, so that their digests are learned. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));

test("times, owners and the attributes of the folder that is named do not change a context's digest", { skip }, (t) => {
  const folder = contextOf(t, { "a/b": "text", "a/l": { symlink: "b" } });
  const before = digestOf(folder);
  utimesSync(join(folder, "a/b"), 1, 2);
  utimesSync(join(folder, "a"), 1, 2);
  chownSync(join(folder, "a/b"), 5, 6);
  setXattr(join(folder, "a/b"), "security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex"));
  chmodSync(folder, 0o700);
  assert.equal(digestOf(folder), before);
  chmodSync(join(folder, "a/b"), 0o600);
  assert.notEqual(digestOf(folder), before);
});

test("mode, content, name, type, link target and number of entries each change the digest", (t) => {
  const make = (nodes: Record<string, Node>): Digest => digestOf(contextOf(t, nodes));
  const digests = [
    make({ a: "1" }),
    make({ a: "2" }),
    make({ b: "1" }),
    make({ a: { file: "1", mode: 0o755 } }),
    make({ a: { directory: true } }),
    make({ a: { symlink: "1" } }),
    make({ a: { symlink: "2" } }),
    make({ a: "1", b: "" }),
    make({ "a/1": "" }),
    make({ a: { directory: true, mode: 0o700 } }),
    make({ a: { fifo: 0o644 } }),
    make({}),
  ];
  assert.equal(new Set(digests).size, digests.length);
});

test("owners and capabilities count in what COPY --from reads", { skip }, (t) => {
  const read = (node: Node): Digest => digestOf(contextOf(t, { a: node }), ["a"], { zeroOwner: false });
  const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");
  const digests = [read("1"), read({ file: "1", owner: [1, 0] }), read({ file: "1", owner: [0, 1] }), read({ file: "1", capability })];
  assert.equal(new Set(digests).size, digests.length);
});

test("content cannot pass for a name, nor one source for another", (t) => {
  fc.assert(fc.property(fc.uniqueArray(fc.stringMatching(/^[a-c]{1,3}$/), { minLength: 1, maxLength: 4 }), fc.array(fc.constantFrom("", "a", "b\0", "file\0a\x00644\0"), { minLength: 4, maxLength: 4 }), (names, texts) => {
    const nodes = Object.fromEntries(names.map((name, i) => [name, texts[i]!]));
    const folder = contextOf(t, nodes);
    const rotated = contextOf(t, Object.fromEntries(names.map((name, i) => [name, texts[(i + 1) % 4]!])));
    const same = names.every((name, i) => nodes[name] === texts[(i + 1) % 4]);
    assert.equal(digestOf(folder) === digestOf(rotated), same);
  }), { numRuns: 30 });
  const folder = contextOf(t, { "d/a": "1", "e/b": "2" });
  assert.notEqual(digestOf(folder, ["d", "e"]), digestOf(folder, ["e", "d"]));
});

test("renaming the folder that a source lies in keeps the digest, renaming the source file does not", (t) => {
  const folder = contextOf(t, { "old/app/a": "1", "old/f": "1" });
  const [tree, file] = [digestOf(folder, ["old/app"]), digestOf(folder, ["old/f"])];
  renameSync(join(folder, "old"), join(folder, "new"));
  renameSync(join(folder, "new/app"), join(folder, "new/other"));
  assert.equal(digestOf(folder, ["new/other"]), tree);
  assert.equal(digestOf(folder, ["new/f"]), file);
  renameSync(join(folder, "new/f"), join(folder, "new/g"));
  assert.notEqual(digestOf(folder, ["new/g"]), file);
});

test("only selected files are read, and those with a known digest are not read again", async (t) => {
  const folder = contextOf(t, { "a/1": "one", "a/2": "two", "b/3": "three" });
  await settle();
  const options = { tree: { layers: [folder], zeroOwner: true }, sources: ["a"], wildcards: true };
  const first = digestSources(options);
  assert.deepEqual([first.files, first.bytes, first.readFiles, first.readBytes], [2, 6, 2, 6]);
  const known = new Map(first.learned);
  const second = digestSources({ ...options, known });
  assert.deepEqual([second.files, second.bytes, second.readFiles, second.readBytes], [2, 6, 0, 0]);
  assert.equal(second.digest, first.digest);
  appendFileSync(join(folder, "a/2"), "!");
  const third = digestSources({ ...options, known });
  assert.equal(third.readFiles, 1);
  assert.notEqual(third.digest, first.digest);
});

test("a change that keeps size and mtime is seen", async (t) => {
  const folder = contextOf(t, { a: { file: "one", mtime: 1_700_000_000_123_456_789n } });
  await settle();
  const options = { tree: { layers: [folder], zeroOwner: true }, sources: ["a"], wildcards: true };
  const first = digestSources(options);
  makeTree(folder, { a: { file: "two", mtime: 1_700_000_000_123_456_789n } });
  const second = digestSources({ ...options, known: new Map(first.learned) });
  assert.notEqual(second.digest, first.digest);
});

test("digests of files that were written a moment ago are not learned, as they may change within one tick of the clock", (t) => {
  const folder = contextOf(t, { a: "one" });
  const fresh = digestSources({ tree: { layers: [folder], zeroOwner: true }, sources: ["a"], wildcards: true });
  const ctime = Number(lstatSync(join(folder, "a")).ctimeMs);
  if (Date.now() - ctime < 90) assert.deepEqual(fresh.learned, []);
});

test("many entries are remembered as a whole, and are the same until one of them changes", async (t) => {
  const folder = contextOf(t, Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`d${index % 7}/${index}`, `text ${index}`])));
  await settle();
  const options = { tree: { layers: [folder], zeroOwner: true }, sources: ["."], wildcards: true };
  const { seen, ...first } = digestSources(options);
  const known = new Map(first.learned);
  const same = unchangedSources({ ...options, known }, seen!)!;
  assert.deepEqual([same.digest, same.count, same.files, same.bytes], [first.digest, 507, 500, first.bytes]);
  assert.deepEqual(same.entries, first.entries);
  assert.ok(same.newest >= first.newest);
  assert.equal(digestSources({ ...options, exclude: ["d1"] }).seen, undefined);

  const late = unchangedSources({ ...options, known }, seen!)!;
  appendFileSync(join(folder, "d3/3"), "!");
  assert.throws(() => late.entries, { code: "FILE_CHANGED" }, "they are not those of the digest");
  assert.equal(unchangedSources({ ...options, known }, seen!), undefined);
  const changed = digestSources({ ...options, known });
  assert.equal(changed.readFiles, 1);
  if (Date.now() - Number(lstatSync(join(folder, "d3/3")).ctimeMs) < 90) assert.equal(changed.seen, undefined, "it may change again within one tick of the clock");
});

test("few files are read at once, and of many only as many as were allowed, whose digests are kept", async (t) => {
  const folder = contextOf(t, { "a/1": "one", "a/2": "two", "a/3": "three", "b/4": "four" });
  await settle();
  const options = { tree: { layers: [folder], zeroOwner: true }, sources: ["a"], wildcards: true };
  const whole = digestSources(options);
  assert.deepEqual(digestFew(options, { entries: 3, bytes: 11, milliseconds: 60_000 }), { result: whole, learned: whole.learned });
  assert.deepEqual(digestFew(options, { entries: 2, bytes: 11, milliseconds: 60_000 }), { result: undefined, learned: [] }, "a directory with more names is not looked through");
  assert.deepEqual(digestFew(options, { entries: 3, bytes: 10, milliseconds: 60_000 }), { result: undefined, learned: whole.learned.slice(0, 2) });
  const known = new Map(whole.learned.slice(0, 2));
  assert.deepEqual(digestFew({ ...options, known }, { entries: 3, bytes: 5, milliseconds: 60_000 }).result?.digest, whole.digest, "what is known is not read");
  assert.deepEqual(digestFew(options, { entries: 3, bytes: 11, milliseconds: -1 }), { result: undefined, learned: [] }, "it takes too long");
  assert.throws(() => digestFew({ ...options, sources: ["c"] }, { entries: 3, bytes: 11, milliseconds: 60_000 }), { code: "COPY_SOURCE_NOT_FOUND" });
});

test("few names of layers are those of all of them together", (t) => {
  const [upper, lower] = [contextOf(t, { "a/1": "one", "a/2": "two" }), contextOf(t, { "a/2": "other", "a/3": "three" })];
  const options = { tree: { layers: [upper, lower], zeroOwner: false }, sources: ["a"], wildcards: true };
  assert.equal(digestFew(options, { entries: 4, bytes: 100, milliseconds: 60_000 }).result?.digest, digestSources(options).digest);
  assert.equal(digestFew(options, { entries: 3, bytes: 100, milliseconds: 60_000 }).result, undefined);
});

test("a known digest of a layer's file stays known when another layer links it", (t) => {
  const folder = contextOf(t, { a: "one" });
  const options = { tree: { layers: [folder], zeroOwner: false }, sources: ["a"], wildcards: true };
  const first = digestSources(options);
  linkSync(join(folder, "a"), `${folder}-link`);
  assert.equal(digestSources({ ...options, known: new Map(first.learned) }).readFiles, 0);
});

test("a file that changes between the look at it and the reading is read once more", (t) => {
  const folder = contextOf(t, { a: "one" });
  const known = { get: (): undefined => appendFileSync(join(folder, "a"), "+") as undefined };
  const result = digestSources({ tree: { layers: [folder], zeroOwner: true }, sources: ["a"], wildcards: true, known });
  assert.equal(result.entries[0]!.digest, sha256("one+"));
  assert.equal(result.readBytes, 4);
});

test("rows say what went into the digest", (t) => {
  const folder = contextOf(t, { "d/f": { file: "text", mode: 0o640 }, "d/l": { symlink: "f" } });
  const { entries } = digestSources({ tree: { layers: [folder], zeroOwner: true }, sources: ["."], wildcards: true });
  assert.deepEqual(entries, [
    { path: "d", type: "directory", mode: 0o755, uid: 0, gid: 0, digest: sha256("") },
    { path: "d/f", type: "file", mode: 0o640, uid: 0, gid: 0, digest: sha256("text") },
    { path: "d/l", type: "symlink", mode: 0o777, uid: 0, gid: 0, digest: sha256("f") },
  ]);
});

test("the order of names is that of their bytes, also beyond the basic plane", (t) => {
  const folder = contextOf(t, { "\u{1f600}": "", "\uff5e": "", a: "", Z: "" });
  const { entries } = digestSources({ tree: { layers: [folder], zeroOwner: true }, sources: ["."], wildcards: true });
  assert.deepEqual(entries.map(({ path }) => path), ["Z", "a", "\uff5e", "\u{1f600}"]);
});

test(".dockerignore keeps files out of the digest, and its exceptions bring their folders back", (t) => {
  const folder = contextOf(t, { "a/b/keep": "1", "a/b/drop": "2", "a/c/drop": "3", top: "4" });
  const paths = (excludes: string[]): string[] =>
    digestSources({ tree: { layers: [folder], zeroOwner: true, excludes }, sources: ["."], wildcards: true }).entries.map(({ path }) => path);
  assert.deepEqual(paths(["a"]), ["top"]);
  assert.deepEqual(paths(["a", "!a/b/keep"]), ["a", "a/b", "a/b/keep", "top"]);
  assert.deepEqual(paths(["*"]), []);
  assert.deepEqual(paths(["**/drop", "a/c"]), ["a", "a/b", "a/b/keep", "top"]);
  const before = digestOf(folder, ["."], { excludes: ["a"] });
  writeFileSync(join(folder, "a/b/drop"), "changed");
  assert.equal(digestOf(folder, ["."], { excludes: ["a"] }), before);
});

test("a file that is not there, or only behind .dockerignore or outside, is a fault that says so", (t) => {
  const folder = contextOf(t, { "secret/key": "1", "src/main.ts": "2", out: { symlink: "/etc/hostname" }, up: { symlink: "../../x" }, viaSecret: { symlink: "secret/key" } });
  const hint = (source: string): string | undefined => {
    try {
      digestOf(folder, [source], { excludes: ["secret"] });
    } catch (error) {
      if (isFault(error, "COPY_SOURCE_NOT_FOUND")) return error.hint;
    }
    return "no fault";
  };
  assert.match(hint("secret/key")!, /\.dockerignore excludes it/);
  assert.match(hint("secret")!, /\.dockerignore excludes it/);
  assert.match(hint("viaSecret")!, /\.dockerignore excludes it/);
  assert.match(hint("src/Main.ts")!, /did you mean "src\/main.ts"/);
  assert.match(hint("src/mian.ts")!, /did you mean "src\/main.ts"/);
  assert.match(hint("out")!, /symbolic link to \/etc\/hostname/);
  for (const source of ["out", "up", "nowhere/near", "o*"]) assert.match(hint(source)!, /nothing outside of it can be reached/, source);
});

test("wildcards do not look through symlinked folders, and literal paths do", (t) => {
  const folder = contextOf(t, { "real/f": "1", link: { symlink: "real" } });
  const paths = (source: string): string[] =>
    digestSources({ tree: { layers: [folder], zeroOwner: true }, sources: [source], wildcards: true }).entries.map(({ path }) => path);
  assert.deepEqual(paths("link/f"), ["real/f"]);
  assert.deepEqual(paths("link/*"), ["real/f"]);
  assert.deepEqual(paths("l*/f"), []);
  assert.deepEqual(paths("r*/f"), ["real/f"]);
});

test("circular symlinks, names too long, NUL bytes and bad patterns are faults", (t) => {
  const folder = contextOf(t, { loop: { symlink: "loop" } });
  const codes = ["loop", "x".repeat(300), "a\0b", "[", "nothing/["].map((source) => {
    try {
      return digestOf(folder, [source]);
    } catch (error) {
      return isFault(error) ? error.code : error;
    }
  });
  assert.deepEqual(codes, ["SYMLINK_LOOP", "COPY_SOURCE_NOT_FOUND", "COPY_PATH_INVALID", "COPY_PATTERN_INVALID", "COPY_PATTERN_INVALID"]);
});

test("a name that is not UTF-8 is refused, and one with the replacement character is not", (t) => {
  const folder = contextOf(t, { "\ufffd": "1" });
  digestOf(folder);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]), "2");
  assert.throws(() => digestOf(folder), (error) => isFault(error, "FILE_NAME_INVALID"));
  assert.doesNotThrow(() => digestOf(folder, ["\ufffd"]));
});

test("a symlink's target that is not UTF-8 is refused", (t) => {
  const folder = contextOf(t, {});
  symlinkSync(Buffer.from([0x66, 0xff]), join(folder, "l"));
  assert.throws(() => digestOf(folder), (error) => isFault(error, "FILE_NAME_INVALID"));
});

test("a file without the right to read it is a fault that names it", { skip }, (t) => {
  const folder = contextOf(t, { "a/locked": { file: "1", mode: 0 }, "b/inside": "2", open: "3" });
  chmodSync(join(folder, "b"), 0);
  chmodSync(join(folder, ".."), 0o755);
  const cause = (source: string): unknown => {
    process.seteuid!(65534);
    try {
      return digestOf(folder, [source]);
    } catch (error) {
      return isFault(error, "CONTEXT_UNREADABLE") ? error.message : error;
    } finally {
      process.seteuid!(0);
    }
  };
  assert.equal(cause("a"), `${folder}/a/locked cannot be read: permission denied`);
  assert.equal(cause("b"), `${folder}/b cannot be read: permission denied`);
  assert.match(String(cause("b/inside")), /b\/inside cannot be read: permission denied/);
  assert.match(String(cause("open")), /^sha256:/);
});

test("layers are merged: the top one wins, whiteouts and opaque folders hide", { skip }, (t) => {
  const home = temporaryFolder(t);
  const lower = makeTree(join(home, "lower"), { "d/a": "1", "d/b": "2", "o/x": "3", gone: "4", "f/deep": "5" });
  const upper = makeTree(join(home, "upper"), { "d/a": "new", "d/b": WHITEOUT, o: { directory: true, opaque: true }, "o/y": "6", gone: WHITEOUT, f: "now a file" });
  const merged = makeTree(join(home, "merged"), { "d/a": "new", "o/y": "6", f: "now a file" });
  const read = (layers: string[]): Digest => digestSources({ tree: { layers, zeroOwner: false }, sources: ["/"], wildcards: true }).digest;
  assert.equal(read([upper, lower]), read([merged]));
  mkdirSync(join(merged, "gone"));
  assert.notEqual(read([upper, lower]), read([merged]));
  rmSync(join(merged, "gone"), { recursive: true });
});
