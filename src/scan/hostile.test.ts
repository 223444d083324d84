import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseApkInstalled, readApkFiles } from "./databases/apk.ts";
import { parseDpkgStatus, readFileList, readSumList } from "./databases/dpkg.ts";
import { filesOfRpm, packageOfRpm, RpmHeader } from "./databases/rpm-header.ts";
import { parseOsRelease } from "./distribution.ts";
import { cycloneDxDocument } from "./documents/cyclonedx.ts";
import { spdxDocument } from "./documents/spdx.ts";
import { MOST_PACKAGES } from "./findings.ts";
import { parseComposerInstalled } from "./languages/composer.ts";
import { parseGemName } from "./languages/gem.ts";
import { parseGoBuildInfo } from "./languages/go-build-info.ts";
import { parseNpmLock, parsePnpmLock, parseYarnLock } from "./languages/npm-locks.ts";
import { parseNpmPackage } from "./languages/npm-package.ts";
import { parsePackageTables, parseRequirements } from "./languages/pinned-packages.ts";
import { parsePythonMetadata } from "./languages/python-metadata.ts";
import { parseDebianCopyright } from "./licenses/debian-copyright.ts";
import { mergePackages } from "./merge-packages.ts";
import type { Parsed } from "./package.ts";

const PARSERS: Readonly<Record<string, (text: string) => Parsed>> = {
  dpkg: parseDpkgStatus, apk: parseApkInstalled, npm: parseNpmPackage, python: parsePythonMetadata, composer: parseComposerInstalled, gem: parseGemName,
  "package-lock.json": parseNpmLock, "yarn.lock": parseYarnLock, "pnpm-lock.yaml": parsePnpmLock, "requirements.txt": parseRequirements,
  "uv.lock": (text) => parsePackageTables(text, "pypi"), go: (text) => parseGoBuildInfo(Buffer.from(`\xff Go buildinf:\x08\x02${"\0".repeat(16)}${text}`, "latin1")),
};
const OTHERS: readonly ((text: string) => unknown)[] = [parseOsRelease, parseDebianCopyright, (text) => parseDebianCopyright(`Format: x\nLicense: ${text}`), readRpm, (text) => [...readFileList(text)], (text) => [...readSumList(text)], (text) => [...readApkFiles(text)]];

/** A header whose figures lead to any places of it. */
function readRpm(text: string): unknown {
  const data = Buffer.from(text);
  const head = Buffer.alloc(8 + 9 * 16);
  head.writeUInt32BE(9, 0);
  head.writeUInt32BE(data.length, 4);
  for (const [index, tag] of [1000, 1001, 1003, 1014, 1044, 1116, 1117, 1118, 1002].entries()) {
    for (const [at, value] of [tag, tag === 1003 || tag === 1116 ? 4 : 8, data.length === 0 ? 0xffff_ffff : index % data.length, 0xffff_ffff].entries()) head.writeUInt32BE(value, 8 + index * 16 + at * 4);
  }
  const header = new RpmHeader(Buffer.concat([head, data]));
  return [packageOfRpm(header), [...filesOfRpm(header)]];
}

const WORDS = fc.constantFrom(
  "Package:", "Version:", "Status: install ok installed", "Source: a (1)", "Maintainer: <>", "P:", "V:", "F:", "R:", "Name:", "License:", "ID=", "PRETTY_NAME=\"", "\n", "\n\n", "\r\n", " ", "\t", "a", "1:2-3", "<a@b>", "(((", "\0", "\ud800", "\ufeff",
  '{"name":"', '","version":"', '"}', "{", "[", '"license":{"type":', "@s/", "__proto__", "[[package]]\n", "name = ", "packages:\n", "  /a@", "==", "mod\t", '"packages":{"node_modules/', "ｆ", "🦀",
);
const TEXT = fc.oneof(fc.array(WORDS, { maxLength: 40 }).map((words) => words.join("")), fc.string({ unit: "binary", maxLength: 200 }));
const OPTIONS = { subject: { kind: "image", name: "a" }, toolVersion: "1", created: new Date(0) } as const;

test("whatever a file holds, it is packages with a name and a version that documents can hold, or a problem", () => {
  fc.assert(fc.property(TEXT, (text) => {
    for (const [name, parse] of Object.entries(PARSERS)) {
      const { packages } = parse(text);
      for (const each of packages) {
        assert.ok(each.name !== "" && each.name.isWellFormed() && !/\p{Cc}/u.test(each.name + each.version), name);
      }
      const merged = mergePackages([{ path: "p", packages, problems: [] }], undefined, () => undefined);
      const scan = { databases: [], packages: merged, problems: [] };
      for (const document of [spdxDocument(scan, OPTIONS), cycloneDxDocument(scan, OPTIONS)]) assert.ok(JSON.stringify(document).isWellFormed());
    }
    for (const read of OTHERS) read(text);
  }), { numRuns: 500 });
});

test("any JSON is a package or a problem", () => {
  fc.assert(fc.property(fc.dictionary(fc.constantFrom("name", "version", "license", "licenses", "author", "__proto__"), fc.jsonValue({ maxDepth: 3 })), (fields) => {
    parseNpmPackage(JSON.stringify(fields));
  }), { numRuns: 500 });
});

/** Texts that take a parser of quadratic time minutes. */
const LONG = 500_000;
const BURDENS: Readonly<Record<string, string>> = {
  "one long line": "a".repeat(LONG), "empty lines": "\n".repeat(LONG), "spaces": `ID=${" ".repeat(LONG)}x`, "colons": "a:".repeat(LONG / 2), "lines without a field": "a\n".repeat(LONG / 2),
  "continuations": `Package: a\nVersion: 1\n${" x\n".repeat(LONG / 3)}`, "a deep JSON": "[".repeat(LONG), "names": "Name: \n".repeat(LONG / 7), "quotes": `ID="${'\\"'.repeat(LONG / 2)}`,
  "a long name": `Package: ${"a".repeat(LONG)}\nVersion: ${"1".repeat(LONG)}\nMaintainer: ${"<".repeat(LONG)}\n`, "padded requirements": `a${" ".repeat(990)}x\n`.repeat(LONG / 1000), "old gems": `${"a-1".repeat(80)}!.gemspec`, "quotes of yarn": `${'"'.repeat(LONG)}:\n`, "folders": "F:a\nR:b\n".repeat(LONG / 8),
};

for (const [name, text] of Object.entries(BURDENS)) {
  test(`millions of bytes are read in one go: ${name}`, () => {
    for (const parse of [...Object.values(PARSERS), ...OTHERS]) parse(text);
  });
}

test("no file fills memory with packages", () => {
  for (const [parse, text] of [[parseDpkgStatus, "Package:a\nVersion:1\n\n"], [parseApkInstalled, "P:a\nV:1\n\n"]] as const) {
    const { packages, problems } = parse(text.repeat(MOST_PACKAGES + 5));
    assert.deepEqual([packages.length, problems.length], [MOST_PACKAGES, 1]);
  }
});
