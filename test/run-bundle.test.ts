import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";

const runner = join(import.meta.dirname, "../bin/run-bundle.cjs");
const folder = mkdtempSync(join(tmpdir(), "run-bundle-"));
const bundle = join(folder, "main.cjs");
const codes = join(folder, "code");
const keptFolder = join(codes, `bundle-${process.version}-${process.arch}`);

/** A bundle that prints a word from a function, as long as any other such. */
const printing = (word: string): string =>
  `(function (exports, require, module, __filename, __dirname, bundleLoaded) { bundleLoaded.modules = Number(process.argv[2]); const say = () => console.log("${word}"); say(); process.exitCode = Number(process.argv[3]); })`;

function start(options: { modules?: number; status?: number; word?: string } = {}): string {
  const script = `require(${JSON.stringify(runner)}).runCommandLine(${JSON.stringify(bundle)}, { folder: ${JSON.stringify(codes)}, word: ${JSON.stringify(options.word ?? "build")} })`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["-e", script, "--", "first", String(options.modules ?? 1), String(options.status ?? 0)], { encoding: "utf8" });
  assert.equal(status, options.status ?? 0, stderr);
  return stdout.trim() || stderr;
}

const kept = (): string[] => { try { return readdirSync(keptFolder).sort(); } catch { return []; } };
const keptFile = (): string => join(keptFolder, kept()[0]!);

describe("the bundle runs with the code of its last start", () => {
  beforeEach(() => {
    rmSync(codes, { recursive: true, force: true });
    writeFileSync(bundle, printing("one"));
  });
  after(() => rmSync(folder, { recursive: true }));

  test("which it has kept for this user alone, for each command", () => {
    assert.equal(start(), "one");
    assert.equal(start({ word: "push" }), "one");
    assert.equal(start({ word: "../push" }), "one");
    assert.deepEqual(kept().map((name) => name.replace(/-.*/, "")), ["build", "other", "push"]);
    assert.equal(statSync(keptFolder).mode & 0o777, 0o700);
    assert.equal(statSync(keptFile()).mode & 0o777, 0o600);
  });

  test("but not with that of another bundle of the same length", () => {
    start();
    writeFileSync(bundle, printing("two"));
    assert.equal(start(), "two");
    // What was kept really runs: in the name of this bundle, the code of the other one prints what that one did.
    const bytes = readFileSync(keptFile());
    writeFileSync(bundle, printing("six"));
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(bundle, { bigint: true });
    writeFileSync(keptFile(), Buffer.concat([Buffer.from(`${[dev, ino, size, mtimeNs, ctimeNs].join(" ")},1`.padEnd(128)), bytes.subarray(128)]));
    assert.equal(start(), "two");
  });

  test("and as it is where the kept file is damaged", () => {
    start();
    truncateSync(keptFile(), 200);
    assert.equal(start(), "one");
    writeFileSync(keptFile(), "");
    assert.equal(start(), "one");
  });

  test("which a start that fails does not keep, and one that comes further keeps anew", () => {
    assert.equal(start({ status: 1 }), "one");
    assert.deepEqual(kept(), []);
    start({ modules: 2 });
    const first = readFileSync(keptFile()).toString("latin1", 0, 128);
    start({ modules: 1 });
    assert.equal(readFileSync(keptFile()).toString("latin1", 0, 128), first);
    start({ modules: 3 });
    assert.match(readFileSync(keptFile()).toString("latin1", 0, 128), /,3 *$/);
  });

  test("whole before it starts, where it is the start of another process", () => {
    const entry = (): string => {
      const script = `require(${JSON.stringify(runner)}).runEntry(${JSON.stringify(bundle)})`;
      const { stdout, stderr } = spawnSync(process.execPath, ["-e", script, "--", "first", "1", "1"], { encoding: "utf8", env: { ...process.env, NODE_COMPILE_CACHE: codes } });
      return stdout.trim() || stderr;
    };
    assert.equal(entry(), "one");
    assert.match(kept()[0]!, /^main-[0-9a-f]+\.bin$/);
    const first = statSync(keptFile(), { bigint: true });
    assert.equal(entry(), "one");
    assert.equal(statSync(keptFile(), { bigint: true }).ino, first.ino, "it is kept anew though V8 could take it");
    writeFileSync(bundle, printing("two"));
    assert.equal(entry(), "two");
  });

  test("with large modules of Node's that come when they are wanted, and are like those", () => {
    writeFileSync(bundle, `(function (exports, require) {
      const zlib = require("node:zlib");
      const before = process.moduleLoadList.includes("NativeModule zlib");
      const real = process.getBuiltinModule("node:zlib");
      console.log(before, zlib.gzipSync === real.gzipSync, Object.hasOwn(zlib, "gzipSync"), Object.hasOwn(zlib, "none"), "none" in zlib, Object.keys(zlib).join() === Object.keys(real).join());
    })`);
    assert.equal(start(), "false true true false false true");
  });

  test("where the folder cannot be written to", () => {
    writeFileSync(codes, "a file");
    assert.equal(start(), "one");
  });
});
