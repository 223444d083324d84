import assert from "node:assert/strict";
import { test } from "node:test";
import { isPythonMetadata, parsePythonMetadata } from "./python-metadata.ts";

test("metadata of wheels and eggs counts, and no other", () => {
  for (const path of ["lib/a-1.dist-info/METADATA", "a.egg-info/PKG-INFO", "x/a-1.egg-info", "a.egg/EGG-INFO/PKG-INFO"]) assert.ok(isPythonMetadata(path), path);
  for (const path of ["a/METADATA", "PKG-INFO", "a-1.dist-info/RECORD", "a.egg-info/SOURCES.txt", "a.dist-info/x/METADATA"]) assert.ok(!isPythonMetadata(path), path);
});

const first = (text: string) => parsePythonMetadata(text).packages[0];

test("headers are read up to the first empty line", () => {
  assert.deepEqual(first("Metadata-Version: 2.1\nName: Flask\nVersion: 3.0.3\nSummary: A framework\nAuthor-email: Pallets <contact@pallets.example>\nLicense-Expression: BSD-3-Clause\n\nName: other\n"),
    { type: "pypi", name: "Flask", version: "3.0.3", license: "BSD-3-Clause", supplier: "Pallets <contact@pallets.example>" });
  assert.deepEqual(first("Name: a.b_c\r\nVersion: 1\r\nLicense: UNKNOWN\r\nAuthor: A\r\nAuthor-email: a@b.example\r\n"), { type: "pypi", name: "a.b_c", version: "1", supplier: "A <a@b.example>" });
  assert.deepEqual(first("Name: a\nVersion: 1\nLicense: MIT\n        and more\nMaintainer: M"), { type: "pypi", name: "a", version: "1", license: "MIT", supplier: "M" });
});

test("classifiers tell the licence where no expression does", () => {
  const license = (...lines: string[]): string | undefined => first(`Name: a\nVersion: 1\n${lines.join("\n")}\n\nClassifier: License :: OSI Approved :: ISC License (ISCL)\n`)?.license;
  assert.equal(license("License: Apache 2", "Classifier: License :: OSI Approved :: Apache Software License"), "Apache-2.0");
  assert.equal(license("Classifier: License :: OSI Approved :: MIT License\r", "Classifier: License :: OSI Approved", "Classifier: License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)"), "MIT AND GPL-3.0-or-later");
  assert.equal(license("Classifier: License :: OSI Approved :: BSD License"), "BSD License");
  assert.equal(license("License: MIT", "Classifier: License :: OSI Approved :: BSD License"), "MIT");
  assert.equal(license("License-Expression: 0BSD", "License: MIT"), "0BSD");
  assert.equal(license("Classifier: Topic :: System", "License: as is"), "as is");
  assert.equal(license(), undefined);
});

test("what has no name or version is told", () => {
  assert.deepEqual(["", "Version: 1", "Name: a/b\nVersion: 1", "Name: a"].map((text) => parsePythonMetadata(text).problems[0]?.problem),
    ["it has no Name", "it has no Name", "its Name is none that a package may have", "the package a has no Version"]);
});
