import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { tarOf } from "../../test/support/tar-of.ts";
import type { LayerEntry } from "./entry.ts";
import { encodeTarHeader } from "./write-tar.ts";

const plain: LayerEntry = { path: "f", type: "file", mode: 0o644, uid: 0, gid: 0, size: 0, mtime: { seconds: 0, nanoseconds: 0 } };

test("an entry that ustar can hold is one block, without user and group names", () => {
  const block = encodeTarHeader({ ...plain, path: "usr/bin/env", mode: 0o4755, uid: 33, gid: 0o7777777, size: 12, mtime: { seconds: 1_600_000_000, nanoseconds: 5 } });
  assert.equal(block.length, 512);
  const text = block.toString("latin1");
  assert.equal(text.slice(0, 12), "usr/bin/env\0");
  assert.equal(text.slice(100, 148), "0004755\x000000041\x007777777\x0000000000014\x0013727410000\0");
  assert.equal(text.slice(156, 158), "0\0");
  assert.equal(text.slice(257, 265), "ustar\x0000");
  assert.equal(text.slice(265, 329), "\0".repeat(64));
  assert.equal(text.slice(329, 345), "0000000\x000000000\0");
});

test("a long name is split at a slash where that is enough, and is a PAX record otherwise", () => {
  const directory = "d".repeat(60);
  const split = encodeTarHeader({ ...plain, path: `${directory}/${"n".repeat(90)}` });
  assert.equal(split.length, 512);
  assert.equal(split.toString("latin1", 345, 345 + 61), `${directory}\0`);
  for (const path of ["n".repeat(101), `${"d".repeat(160)}/f`, `a/${"n".repeat(101)}`, "ünï"]) {
    const block = encodeTarHeader({ ...plain, path });
    assert.equal(block.toString("latin1", 156, 157), "x", path);
    assert.ok(block.toString("utf8").includes(` path=${path}\n`), path);
  }
});

test("ids, sizes and times that octal fields cannot hold are PAX records, sorted by their keys", () => {
  const text = encodeTarHeader({ ...plain, uid: 2_097_152, gid: 3_000_000, size: 8 ** 11, mtime: { seconds: -1, nanoseconds: 0 }, capability: Buffer.from([1, 0, 10]) }).toString("latin1");
  assert.ok(text.includes("40 SCHILY.xattr.security.capability=\x01\0\n\n15 gid=3000000\n12 mtime=-1\n19 size=8589934592\n15 uid=2097152\n"), JSON.stringify(text.slice(512, 700)));
});

test("GNU tar and python list what was written, with names of every length", (context) => {
  const file = join(temporaryFolder(context), "a.tar");
  const paths = ["short", "ünï cödé/𝒵", ...[99, 100, 101, 155, 156, 200, 255].map((length) => `${"d".repeat(50)}/${"n".repeat(length)}`), `${Array.from({ length: 20 }, () => "deep".repeat(5)).join("/")}/f`];
  writeFileSync(file, tarOf([
    ...paths.map((path, at) => ({ path, content: "x".repeat(at * 100), uid: at * 1_000_000 })),
    { path: "soft", type: "symlink", linkTarget: "t".repeat(150) },
    { path: "hard", type: "hardlink", linkTarget: paths.at(-1)! },
    { path: "dev", type: "character", major: 1, minor: 3 },
  ]));
  const expected = [...paths, "soft", "hard", "dev"];
  const listed = execFileSync("tar", ["--quoting-style=literal", "-tf", file], { encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8" } }).trimEnd().split("\n");
  assert.deepEqual(listed, expected);
  const python = `
import tarfile, json
print(json.dumps([[m.name, m.size, m.uid, m.linkname] for m in tarfile.open(${JSON.stringify(file)})]))`;
  assert.deepEqual(JSON.parse(execFileSync("python3", ["-c", python], { encoding: "utf8" })), [
    ...paths.map((path, at) => [path, at * 100, at * 1_000_000, ""]),
    ["soft", 0, 0, "t".repeat(150)],
    ["hard", 0, 0, paths.at(-1)],
    ["dev", 0, 0, ""],
  ]);
});
