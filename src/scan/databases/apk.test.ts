import assert from "node:assert/strict";
import { test } from "node:test";
import { parseApkInstalled, readApkFiles } from "./apk.ts";

const INSTALLED = `C:Q1jTvQ2TOX2i4S2NnuBk2d8dAU7pE=
P:musl
V:1.2.5-r0
A:x86_64
S:407278
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teräs <timo.teras@iki.fi>
t:1711481396
c:007997299248b8682dcbb73595c53dfe86071c83
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q17yJ3JFNypA4mxhJJr0ou6CzsJVI=
R:libc.musl-x86_64.so.1

C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
P:ssl_client
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
m:Sören Tempel <soeren+alpine@soeren-tempel.net>
F:
R:at-the-root
F:usr/bin
R:ssl_client
`;

test("lists of licences of the past hold together, and words that are no licences stay words", () => {
  for (const [written, license] of [["MIT", "MIT"], ["GPL-2.0-only MIT", "GPL-2.0-only AND MIT"], ["MIT OR Apache-2.0", "MIT OR Apache-2.0"], ["BSD custom", "BSD custom"]]) {
    assert.equal(parseApkInstalled(`P:a\nV:1\nL:${written}\n`).packages[0]!.license, license);
  }
});

test("packages of apk's database come with what they were built from", () => {
  assert.deepEqual({ ...parseApkInstalled(INSTALLED) }, {
    packages: [
      { type: "apk", name: "musl", version: "1.2.5-r0", architecture: "x86_64", license: "MIT", supplier: "Timo Teräs <timo.teras@iki.fi>" },
      { type: "apk", name: "ssl_client", version: "1.36.1-r29", architecture: "x86_64", source: { name: "busybox", version: "1.36.1-r29" }, license: "GPL-2.0-only", supplier: "Sören Tempel <soeren+alpine@soeren-tempel.net>" },
    ],
    problems: [],
  });
});

test("blocks without a name or version are told with their lines", () => {
  const { packages, problems } = parseApkInstalled("V:1\n\n\nP:b\nP:c\n\nP:d\nV:2");
  assert.deepEqual(packages, [{ type: "apk", name: "d", version: "2" }]);
  assert.deepEqual(problems, [{ line: 1, problem: "a block without the name of a package (P:)" }, { line: 4, problem: "the package b has no version (V:)" }]);
});

test("files belong to the package that lists them", () => {
  assert.deepEqual([...readApkFiles(INSTALLED)].map(({ path, name }) => `${name}: ${path}`),
    ["musl: lib/ld-musl-x86_64.so.1", "musl: lib/libc.musl-x86_64.so.1", "ssl_client: at-the-root", "ssl_client: usr/bin/ssl_client"]);
});
