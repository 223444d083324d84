import assert from "node:assert/strict";
import { test } from "node:test";
import { isNpmPackage, parseNpmPackage } from "./npm-package.ts";

test("the package.json of an installed package counts, and no other", () => {
  const paths = ["node_modules/a/package.json", "app/node_modules/@s/b/package.json", "n/node_modules/.pnpm/a@1/node_modules/a/package.json", "node_modules/a/node_modules/b/package.json"];
  for (const path of paths) assert.ok(isNpmPackage(path), path);
  for (const path of ["package.json", "app/package.json", "node_modules/package.json", "node_modules/a/dist/package.json", "node_modules/@s/package.json", "node_modules/.cache/package.json", "my_node_modules/a/package.json", "node_modules/a/package.json.bak"]) {
    assert.ok(!isNpmPackage(path), path);
  }
});

const first = (fields: unknown) => parseNpmPackage(JSON.stringify(fields)).packages[0];

test("name, version, author and licence are read, in spellings of the past too", () => {
  assert.deepEqual(first({ name: "@s/a", version: "1.2.3", license: "MIT", author: "A B <a@b.example> (https://b.example)" }), { type: "npm", name: "@s/a", version: "1.2.3", license: "MIT", supplier: "A B <a@b.example>" });
  assert.deepEqual(first({ name: "a", version: "1", license: { type: "BSD-3-Clause", url: "x" }, author: { name: "A", email: "a@b.example" } }), { type: "npm", name: "a", version: "1", license: "BSD-3-Clause", supplier: "A <a@b.example>" });
  assert.deepEqual(first({ name: "a", version: "1", licenses: [{ type: "MIT" }, { type: "Apache-2.0" }], author: {} })?.license, "(MIT OR Apache-2.0)");
  assert.deepEqual(first({ name: "a", version: "1", licenses: "MIT", license: 3, author: 4 }), { type: "npm", name: "a", version: "1" });
  assert.deepEqual(parseNpmPackage('\ufeff{"name":"a","version":"1"}').packages.length, 1);
});

test("what has no name or version is no package; what is malformed is told", () => {
  assert.deepEqual({ ...parseNpmPackage('{"type":"module"}') }, { packages: [], problems: [] });
  assert.deepEqual(["", "{", "[]", "null", "3"].map((text) => parseNpmPackage(text).problems[0]?.problem), ["it is no JSON", "it is no JSON", "it is no JSON object", "it is no JSON object", "it is no JSON object"]);
  assert.deepEqual(["a b", "../a", "@a", "a/b/c", "a%2fb"].map((name) => parseNpmPackage(JSON.stringify({ name, version: "1" })).problems.length), [1, 1, 1, 1, 1]);
});
