import assert from "node:assert/strict";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { temporaryFolder } from "../../../test/support/temporary-store.ts";
import { scanRoot } from "../scan-root.ts";
import { readElfSection } from "./elf-section.ts";
import { parseGoBuildInfo } from "./go-build-info.ts";

const string = (text: string): Buffer => {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest >= 0x80 ? (rest & 0x7f) | 0x80 : rest);
    if (rest < 0x80) break;
  }
  return Buffer.concat([Buffer.from(length), bytes]);
};
const MARK = "0123456789abcdef";
const buildInfo = (version: string, modules: string): Buffer => Buffer.concat([Buffer.from("\xff Go buildinf:\x08\x02", "latin1"), Buffer.alloc(16), string(version), string(MARK + modules + MARK)]);

const MODULES = "path\texample.com/App/cmd\nmod\texample.com/App\t(devel)\t\ndep\tgithub.com/a/b\tv1.2.3\th1:x=\ndep\tgithub.com/c/d\tv1.0.0\n=>\tgithub.com/fork/d\tv1.0.1\th1:y=\ndep\tgithub.com/e/f\tv2.0.0+incompatible\n=>\t./local\t\nbuild\t-ldflags=\"-s\tmod\"\n";

test("modules of a program are told with what stands in for them, and the standard library", () => {
  assert.deepEqual(parseGoBuildInfo(buildInfo("go1.22.3 X:nocoverageredesign", MODULES)).packages.map(({ name, version }) => `${name} ${version}`),
    ["stdlib 1.22.3", "example.com/App ", "github.com/a/b v1.2.3", "github.com/fork/d v1.0.1", "github.com/e/f v2.0.0+incompatible"]);
  const old = buildInfo("go1.17", "");
  old[15] = 0;
  assert.match(parseGoBuildInfo(old).problems[0]!.problem, /before 1\.18/);
  assert.match(parseGoBuildInfo(buildInfo("go1.22", MODULES).subarray(0, 60)).problems[0]!.problem, /cut off/);
  assert.deepEqual(parseGoBuildInfo(Buffer.alloc(64)).packages, []);
});

/** A program of 64 bits with two sections: this one, and the names of both. */
function elf(name: string, content: Buffer, padding = 0): Buffer {
  const names = Buffer.from(`\0${name}\0.shstrtab\0`);
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  const table = 64 + content.length + names.length + padding;
  header.writeBigUInt64LE(BigInt(table), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(3, 0x3c);
  header.writeUInt16LE(2, 0x3e);
  const section = (at: number, offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(at, 0);
    bytes.writeBigUInt64LE(BigInt(offset), 0x18);
    bytes.writeBigUInt64LE(BigInt(length), 0x20);
    return bytes;
  };
  const headers = [Buffer.alloc(64), section(1, 64, content.length), section(name.length + 2, 64 + content.length, names.length)];
  return Buffer.concat([header, content, names, Buffer.alloc(padding), ...headers]);
}

test("a program in a file system is found by what it is, whatever it is called", (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, "server.v1"), elf(".go.buildinfo", buildInfo("go1.22.3", MODULES), 300_000), { mode: 0o755 });
  writeFileSync(join(folder, "data"), elf(".go.buildinfo", buildInfo("go1.21.0", MODULES), 300_000), { mode: 0o644 });
  writeFileSync(join(folder, "other"), elf(".text", buildInfo("go1.21.0", MODULES), 300_000), { mode: 0o755 });
  assert.deepEqual(scanRoot({ layers: [folder] }).packages.map(({ purl, locations }) => `${purl} ${locations.join()}`), [
    "pkg:golang/example.com/app server.v1", "pkg:golang/github.com/a/b@v1.2.3 server.v1", "pkg:golang/github.com/e/f@v2.0.0+incompatible server.v1",
    "pkg:golang/github.com/fork/d@v1.0.1 server.v1", "pkg:golang/stdlib@1.22.3 server.v1",
  ]);
});

test("damaged programs have no sections, or other ones, and never an error", (context) => {
  const file = join(temporaryFolder(context), "program");
  const whole = elf(".go.buildinfo", buildInfo("go1.22", MODULES));
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }), fc.nat({ max: whole.length }), (changes, length) => {
    const bytes = Buffer.from(whole);
    for (const [at, value] of changes) bytes[at < 40 ? at + 24 : at] = value;
    writeFileSync(file, bytes.subarray(0, length < 10 ? whole.length : length));
    const descriptor = openSync(file, "r");
    try {
      const section = readElfSection(descriptor, length < 10 ? whole.length : length, ".go.buildinfo", 1 << 20);
      if (section) parseGoBuildInfo(section);
    } finally {
      closeSync(descriptor);
    }
  }), { numRuns: 300 });
});
