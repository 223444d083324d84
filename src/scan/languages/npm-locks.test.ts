import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNpmLock, parsePnpmLock, parseYarnLock } from "./npm-locks.ts";
import type { Parsed } from "../package.ts";

const words = ({ packages }: Parsed): string[] => packages.map(({ name, version }) => `${name} ${version}`);

test("package-lock.json of all versions lists packages, without the project and its parts", () => {
  assert.deepEqual(words(parseNpmLock(JSON.stringify({
    name: "app", lockfileVersion: 3, packages: {
      "": { name: "app", version: "9" }, "part": { name: "part", version: "8" }, "node_modules/part": { resolved: "part", link: true },
      "node_modules/@s/a": { version: "1.0.0" }, "node_modules/b": { name: "other", version: "2.0.0" }, "node_modules/b/node_modules/c": { version: "3.0.0" }, "node_modules/d": { version: "file:../d" }, "node_modules/e": {},
    },
  }))), ["@s/a 1.0.0", "other 2.0.0", "c 3.0.0"]);
  assert.deepEqual(words(parseNpmLock(JSON.stringify({ lockfileVersion: 1, dependencies: { a: { version: "1.0.0", dependencies: { b: { version: "2.0.0" } } }, c: { version: "git+ssh://x" } } }))), ["a 1.0.0", "b 2.0.0"]);
  assert.deepEqual(["{", "[]", "null", '{"packages":3}', '{"dependencies":{"a":null}}'].map((text) => words(parseNpmLock(text)).length), [0, 0, 0, 0, 0]);
});

test("yarn.lock is read in both of its forms", () => {
  assert.deepEqual(words(parseYarnLock(`# yarn lockfile v1


"@s/a@^1.0.0", "@s/a@^1.2.0":
  version "1.2.3"
  resolved "https://registry.example.com/a.tgz#0"
  dependencies:
    version "^2.0.0"

b@~2.0.0:
  version "2.0.1"
`)), ["@s/a 1.2.3", "b 2.0.1"]);
  assert.deepEqual(words(parseYarnLock(`__metadata:
  version: 8

"@s/a@npm:^1.0.0, @s/a@npm:^1.2.0":
  version: 1.2.3
  resolution: "@s/a@npm:1.2.3"

"app@workspace:.":
  version: 0.0.0-use.local
`)), ["@s/a 1.2.3"]);
});

test("pnpm-lock.yaml is read in the forms of its versions", () => {
  assert.deepEqual(words(parsePnpmLock(`lockfileVersion: '9.0'

importers:
  .:
    dependencies: {}

packages:

  '@s/a@1.0.0':
    resolution: {integrity: sha512-0}

  b@2.0.0(c@3.0.0):
    resolution: {integrity: sha512-0}

snapshots:

  b@2.0.0(c@3.0.0): {}
`)), ["@s/a 1.0.0", "b 2.0.0"]);
  assert.deepEqual(words(parsePnpmLock("packages:\n  /@s/a/1.0.0_b@2.0.0:\n    dev: true\n  /b/2.0.0:\n  /c@3.0.0(d@4.0.0):\n  '@s/l@link:../l':\n")), ["@s/a 1.0.0", "b 2.0.0", "c 3.0.0"]);
});
