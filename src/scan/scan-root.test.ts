import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { makeTree, WHITEOUT, type Node } from "../../test/support/make-tree.ts";
import { temporaryFolder } from "../../test/support/temporary-store.ts";
import { scanRoot, type Scan } from "./scan-root.ts";

const notRoot = process.getuid!() === 0 ? false : "needs root for whiteouts";
const deb = (name: string, version = "1", more = ""): string => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n${more}\n`;
const npm = (name: string, version = "1.0.0"): string => JSON.stringify({ name, version });
const wheel = (name: string, version = "1"): string => `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`;

/** Scans layers, top first. */
function scan(context: TestContext, ...layers: Readonly<Record<string, Node>>[]): Scan {
  const folder = temporaryFolder(context);
  return scanRoot({ layers: layers.map((nodes, at) => makeTree(join(folder, `${at}`), nodes)) });
}

const purls = ({ packages }: Scan): string[] => packages.map(({ purl }) => purl);

test("packages of all kinds are found, by their package URLs", (context) => {
  const found = scan(context, {
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "var/lib/dpkg/status": deb("libstdc++6", "1:12.2.0-14+deb12u1", "Source: gcc-12 (12.2.0-14)\n") + deb("bash"),
    "app/node_modules/@s/b/package.json": npm("@s/b"),
    "app/node_modules/@s/b/node_modules/c/package.json": npm("c", "2.0.0"),
    "other/node_modules/c/package.json": npm("c", "2.0.0"),
    "usr/local/lib/python3.11/site-packages/Foo_Bar-1.dist-info/METADATA": wheel("Foo_Bar"),
  });
  assert.deepEqual(purls(found), [
    "pkg:deb/debian/bash@1?arch=amd64&distro=debian-12",
    "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14+deb12u1?arch=amd64&distro=debian-12&upstream=gcc-12%4012.2.0-14",
    "pkg:npm/%40s/b@1.0.0", "pkg:npm/c@2.0.0", "pkg:pypi/foo-bar@1",
  ]);
  assert.deepEqual(found.packages[3]!.locations, ["app/node_modules/@s/b/node_modules/c/package.json", "other/node_modules/c/package.json"]);
  assert.deepEqual([found.databases, found.problems, found.distribution], [["dpkg"], [], { id: "debian", version: "12", name: "debian" }]);
});

test("of layers, what the image shows counts", { skip: notRoot }, (context) => {
  const found = scan(context,
    { "var/lib/dpkg/status": deb("new"), "a/node_modules/gone/package.json": WHITEOUT, "b/node_modules": { directory: true, opaque: true }, "b/node_modules/own/package.json": npm("own"), c: "a file" },
    { "var/lib/dpkg/status": deb("old"), "a/node_modules/gone/package.json": npm("gone"), "a/node_modules/stays/package.json": npm("stays"), "b/node_modules/hidden/package.json": npm("hidden"), "c/node_modules/hidden/package.json": npm("hidden") });
  assert.deepEqual(purls(found), ["pkg:deb/debian/new@1?arch=amd64", "pkg:npm/own@1.0.0", "pkg:npm/stays@1.0.0"]);
});

test("each package has the layer that brought it, in its version, however often its database was written again", { skip: notRoot }, (context) => {
  const found = scan(context,
    { "var/lib/dpkg/status": deb("base") + deb("up", "2") + deb("again") + deb("top"), "a/node_modules/two/package.json": npm("two") },
    { "var/lib/dpkg/status": deb("base") + deb("up", "1"), "b/node_modules/two/package.json": npm("two") },
    { "etc/x": "no database", "a/node_modules/two/package.json": npm("two", "0.9.0") },
    { "var/lib/dpkg/status": deb("base") + deb("again"), "a/node_modules/one/package.json": npm("one") });
  assert.deepEqual(found.packages.map(({ name, layer }) => [name, layer]), [["again", 3], ["base", 0], ["top", 3], ["up", 3], ["one", 0], ["two", 2]]);
});

test("what lies below is not looked for where its links lead to", (context) => {
  const folder = temporaryFolder(context);
  const outside = makeTree(join(folder, "outside"), { status: deb("a") });
  const [upper, lower] = [makeTree(join(folder, "u"), { "var/lib/dpkg/status": deb("a") }), makeTree(join(folder, "l"), { "var/lib/dpkg": { symlink: outside }, "var/lib/status": deb("a") })];
  assert.deepEqual(scanRoot({ layers: [upper, lower] }).packages.map(({ name, layer }) => [name, layer]), [["a", 1]]);
});

test("packages of Debian have the licences of their copyright files, which may be those of others", (context) => {
  const found = scan(context, {
    "var/lib/dpkg/status": deb("a") + deb("b") + deb("c") + deb("../x"), "usr/share/doc/a/copyright": "Format: x\n\nFiles: *\nLicense: GPL-2+\n text\n",
    "usr/share/doc/b": { symlink: "a" }, "usr/share/doc/c/copyright": { symlink: "../../../../../../etc/passwd" }, "usr/share/x/copyright": "Format: x\nLicense: MIT\n",
  });
  assert.deepEqual(found.packages.map(({ name, license }) => [name, license]), [["../x", undefined], ["a", "GPL-2.0-or-later"], ["b", "GPL-2.0-or-later"], ["c", undefined]]);
});

test("distroless images have a file for each package, and links are followed within the root", (context) => {
  const found = scan(context, {
    "usr/lib/os-release": "ID=debian\n", "etc/os-release": { symlink: "../usr/lib/os-release" },
    "var/lib/dpkg/status.d/base-files": "Package: base-files\nVersion: 12\nArchitecture: amd64\n", "var/lib/dpkg/status.d/base-files.md5sums": "0  usr/x\n",
    lib: { symlink: "usr/lib" }, "usr/lib/apk/db/installed": "P:musl\nV:1\nA:x86_64\n\n",
  });
  assert.deepEqual(purls(found), ["pkg:apk/debian/musl@1?arch=x86_64&distro=debian", "pkg:deb/debian/base-files@12?arch=amd64&distro=debian"]);
  assert.deepEqual(found.packages.map(({ locations }) => locations), [["usr/lib/apk/db/installed"], ["var/lib/dpkg/status.d/base-files"]]);
});

test("what a distribution's package brought is not listed twice, unless somebody else made that", (context) => {
  const at = "usr/lib/python3/dist-packages";
  const found = scan(context, {
    "var/lib/dpkg/status": deb("python3-six") + deb("nodejs", "22", "Maintainer: NodeSource <support@nodesource.com>\n"),
    "var/lib/dpkg/info/python3-six.list": `/.\n/usr\n/${at}/six-1.dist-info/METADATA\n`,
    "var/lib/dpkg/info/nodejs:amd64.list": "/usr/lib/node_modules/npm/package.json\n",
    [`${at}/six-1.dist-info/METADATA`]: wheel("six"), [`${at}/own-1.dist-info/METADATA`]: wheel("own"),
    "usr/lib/node_modules/npm/package.json": npm("npm", "10.0.0"),
  });
  assert.deepEqual(purls(found).filter((purl) => !purl.startsWith("pkg:deb")), ["pkg:npm/npm@10.0.0", "pkg:pypi/own@1"]);
});

test("no symlink leads out of the root, and only files are read", (context) => {
  const outside = temporaryFolder(context);
  mkdirSync(join(outside, "node_modules/secret"), { recursive: true });
  writeFileSync(join(outside, "node_modules/secret/package.json"), npm("secret"));
  writeFileSync(join(outside, "status"), deb("secret"));
  const found = scan(context, {
    "var/lib/dpkg/status": { symlink: join(outside, "status") }, "a/node_modules": { symlink: join(outside, "node_modules") },
    "b/node_modules/secret/package.json": { symlink: join(outside, "node_modules/secret/package.json") },
    "lib/apk/db/installed": { fifo: 0o644 }, "c/node_modules/d/package.json": { fifo: 0o644 }, "etc/os-release": { symlink: "os-release" },
  });
  assert.deepEqual([found.packages, found.databases], [[], []]);
  assert.deepEqual(found.problems.map(({ place }) => place), ["etc/os-release"]);
});

test("what cannot be read is told with its place, and the rest is found", (context) => {
  const found = scan(context, {
    "var/lib/dpkg/status": `Version: 1\n\n${deb("good")}`, "a/node_modules/bad/package.json": "{", "a/node_modules/good/package.json": npm("good"),
    "a/node_modules/huge/package.json": "x".repeat(4 * 1024 * 1024 + 1), "var/lib/rpm/rpmdb.sqlite": "", "var/lib/rpm/Packages": "", "b/node_modules/odd/package.json": '{"name":"a\\ud800","version":"1"}',
  });
  assert.deepEqual(purls(found), ["pkg:deb/debian/good@1?arch=amd64", "pkg:npm/a%EF%BF%BD@1", "pkg:npm/good@1.0.0"]);
  assert.deepEqual(found.problems.map(({ place, problem }) => `${place} ${problem}`).sort(), [
    "a/node_modules/bad/package.json it is no JSON", "a/node_modules/huge/package.json it has 4194305 bytes, more than 4194304",
    "var/lib/dpkg/status:1 a paragraph without a Package field", "var/lib/rpm/Packages rpm's databases in the form of Berkeley DB are not read, only those of SQLite: its packages are not listed", "var/lib/rpm/rpmdb.sqlite it is no SQLite database: what comes behind is not listed",
  ]);
});

test("a tree of no end is left, and thousands of problems are summed up", (context) => {
  const deep = Array(102).fill("d").join("/");
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`m/node_modules/p${index}/package.json`, "{"]));
  const { problems } = scan(context, { [`${deep}/node_modules/x/package.json`]: npm("x"), ...many });
  assert.equal(problems.length, 101);
  assert.equal(problems.at(-1)!.problem, "51 more problems");
  assert.match(problems[0]!.problem, /more than 100 directories deep/);
});

test("of sources, lock files say what would be installed, unless it is; of an image they say nothing", (context) => {
  const lock = JSON.stringify({ lockfileVersion: 3, packages: { "node_modules/locked": { version: "1.0.0" } } });
  const folder = makeTree(temporaryFolder(context), {
    "a/package-lock.json": lock, "b/package-lock.json": lock.replace("locked", "unused"), "b/node_modules/there/package.json": npm("there"),
    "b/node_modules/there/yarn.lock": "x@1:\n  version 1.0.0\n", "requirements.txt": "flask==3.0.3\n", "hidden/requirements.txt": "secret==1\n", "Cargo.lock": '[[package]]\nname = "serde"\nversion = "1"\nsource = "registry"\n',
  });
  assert.deepEqual(purls(scanRoot({ layers: [folder], source: true, excludes: ["hidden"] })), ["pkg:cargo/serde@1", "pkg:npm/locked@1.0.0", "pkg:npm/there@1.0.0", "pkg:pypi/flask@3.0.3"]);
  assert.deepEqual(purls(scanRoot({ layers: [folder] })), ["pkg:npm/there@1.0.0"]);
  assert.deepEqual(purls(scanRoot({ layers: [folder], source: true, excludes: ["**/node_modules", "*.txt", "hidden", "Cargo.lock"] })), ["pkg:npm/locked@1.0.0", "pkg:npm/unused@1.0.0"], "what is hidden is not installed");
});

test("names of files reach a terminal as one line", (context) => {
  const { problems } = scan(context, { "a\u001b[2J\n/node_modules/b/package.json": "{" });
  assert.deepEqual(problems, [{ place: "a [2J /node_modules/b/package.json", problem: "it is no JSON" }]);
});
