import assert from "node:assert/strict";
import { test } from "node:test";
import { readLines, refuseDamaged } from "./read-lines.ts";

const bytes = (...parts: (string | number[])[]): Uint8Array => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

test("lines keep their terminators, the last may have none", () => {
  assert.deepEqual(readLines("a\r\n\nb", "F").lines, ["a\r\n", "\n", "b"]);
  assert.deepEqual(readLines("a\n", "F").lines, ["a\n"]);
});

test("a byte order mark is dropped once", () => {
  assert.equal(readLines(bytes([0xef, 0xbb, 0xbf], "FROM a"), "F").text, "FROM a");
  assert.equal(readLines("\ufeff\ufeffFROM a", "F").text, "\ufeffFROM a");
});

test("an empty file is refused", () => {
  for (const source of ["", new Uint8Array()]) assert.throws(() => readLines(source, "F"), { code: "DOCKERFILE_EMPTY", message: "the Dockerfile cannot be empty" });
});

test("a line may have 65,535 bytes, counted in UTF-8 and without its line feed", () => {
  assert.equal(readLines(`${"a".repeat(65_535)}\n`, "F").lines.length, 1);
  assert.equal(readLines(`${"é".repeat(32_767)}a\n`, "F").lines.length, 1);
  for (const line of ["a".repeat(65_536), "é".repeat(32_768), `${"a".repeat(65_535)}\r`]) {
    assert.throws(() => readLines(`FROM a\n${line}\n`, "F"), (error: { code?: string; message?: string; location?: { startLine: number } }) =>
      error.code === "DOCKERFILE_LINE_TOO_LONG" && error.location?.startLine === 2 &&
      error.message === "dockerfile line greater than max allowed size of 65535");
  }
});

test("NUL bytes are refused with their line, in comments too", () => {
  assert.throws(() => readLines("FROM a\n# \0\n", "F"), (error: { code?: string; location?: { startLine: number } }) =>
    error.code === "DOCKERFILE_NOT_TEXT" && error.location?.startLine === 2);
});

test("a line with bytes that are no UTF-8 is only refused when it is asked about", () => {
  const source = readLines(bytes("# \ufffd\n# caf", [0xe9], "\nFROM a\n"), "F");
  assert.deepEqual([...source.damaged], [2]);
  refuseDamaged(source, 1);
  assert.throws(() => refuseDamaged(source, 2), { code: "DOCKERFILE_NOT_TEXT" });
});
