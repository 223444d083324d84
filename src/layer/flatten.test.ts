import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { listLayer, makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { copyTree, packTree } from "./flatten.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for owners, devices and whiteouts";
const TIME = 1_600_000_000_123_456_789n;

const LAYERS: Record<string, Node>[] = [
  { top: "t", gone: WHITEOUT, "d/gone": WHITEOUT, opq: { directory: true, opaque: true, mode: 0o700 }, "opq/new": "n", ".wh.real": "a file of that name" },
  { gone: "g", "d/middle": { file: "m", mode: 0o4755, owner: [5, 6], mtime: TIME }, "opq/old": "o", "d/hard": { hardlink: "d/middle" }, link: { symlink: "/etc/x" } },
  { "d/gone": "g", "d/low": "l", "opq/older": "o", "d/middle": "hidden", pipe: { fifo: 0o600 }, null: { character: [1, 3] } },
];

const VIEW = ["/.wh.real", "/d", "/d/hard", "/d/low", "/d/middle", "/link", "/null", "/opq", "/opq/new", "/pipe", "/top"];

test("a stack of layers is packed as the one tree that it shows", { skip: notRoot }, async (context) => {
  const folder = temporaryFolder(context);
  const layers = LAYERS.map((nodes, at) => makeTree(join(folder, `${at}`), nodes));
  const output = join(folder, "it.tar");
  const packed = await packTree({ trees: [{ folder: "", layers }], output });
  const listed = execFileSync("tar", ["--numeric-owner", "-tvf", output], { encoding: "utf8" }).trimEnd().split("\n").map((line) => line.replace(/ +\S+ [\d-]+ [\d:]+ /, " "));
  assert.deepEqual(listed, [
    "-rw-r--r-- 0/0 .wh.real", "drwxr-xr-x 0/0 d/", "-rwsr-xr-x 5/6 d/hard", "-rw-r--r-- 0/0 d/low", "hrwsr-xr-x 5/6 d/middle link to d/hard", "lrwxrwxrwx 0/0 link -> /etc/x",
    "crw-r--r-- 0/0 null", "drwx------ 0/0 opq/", "-rw-r--r-- 0/0 opq/new", "prw------- 0/0 pipe", "-rw-r--r-- 0/0 top",
  ]);
  assert.equal(packed.size, "a file of that name".length + 4);
});

test("a stack of layers is copied into a folder as the one tree that it shows", { skip: notRoot }, (context) => {
  const folder = temporaryFolder(context);
  const layers = LAYERS.map((nodes, at) => makeTree(join(folder, `${at}`), nodes));
  const target = join(folder, "out");
  const outside = join(folder, "outside");
  makeTree(target, { mine: "kept", top: { symlink: outside }, d: { symlink: outside }, pipe: { directory: true } });
  mkdirSync(outside);
  for (let turn = 0; turn < 2; turn += 1) {
    const copied = copyTree({ layers, target });
    assert.deepEqual(copied, { entries: VIEW.length, bytes: "a file of that name".length + 4, skipped: [] });
    assert.deepEqual(listLayer(target, []).map((line) => line.split(" ")[3]), [...VIEW, "/mine"].sort());
  }
  assert.deepEqual(readdirSync(outside), []);
  const { mode, uid, mtimeNs, nlink } = lstatSync(join(target, "d/middle"), { bigint: true });
  assert.deepEqual([mode & 0o7777n, uid, mtimeNs, nlink], [0o4755n, 0n, TIME, 2n]);
  assert.equal(readFileSync(join(target, "mine"), "utf8"), "kept");
});

test("names that share an inode across layers, to save space, are not hard links", async (context) => {
  const folder = temporaryFolder(context);
  const low = makeTree(join(folder, "low"), { a: "content", b: { hardlink: "a" } });
  mkdirSync(join(folder, "top"));
  execFileSync("ln", [join(low, "a"), join(folder, "top/c")]);
  const output = join(folder, "it.tar");
  await packTree({ trees: [{ folder: "", layers: [join(folder, "top"), low] }], output });
  const listed = execFileSync("tar", ["-tvf", output], { encoding: "utf8" }).trimEnd().split("\n");
  assert.deepEqual(listed.map((line) => line[0]), ["-", "h", "-"]);
});

test("an ordinary user gets everything but device nodes, also out of closed directories", { skip: notRoot }, (context) => {
  const folder = temporaryFolder(context);
  execFileSync("chmod", ["777", folder]);
  makeTree(join(folder, "layer"), { closed: { directory: true, mode: 0o555 }, "closed/f": { file: "x", mode: 0o444 }, null: { character: [1, 3] }, sub: { directory: true, mode: 0o700, owner: [1001, 1001] } });
  writeFileSync(join(folder, "copy.ts"), `
    import { copyTree } from ${JSON.stringify(new URL("./flatten.ts", import.meta.url).href)};
    import { mkdirSync } from "node:fs";
    mkdirSync("out");
    console.log(JSON.stringify(copyTree({ layers: ["layer"], target: "out" })));`);
  const output = execFileSync("setpriv", ["--reuid=1001", "--regid=1001", "--clear-groups", process.execPath, "copy.ts"], { cwd: folder, encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), { entries: 4, bytes: 1, skipped: ["null"] });
  assert.equal(lstatSync(join(folder, "out/closed")).mode & 0o777, 0o555);
  assert.ok(existsSync(join(folder, "out/closed/f")));
});
