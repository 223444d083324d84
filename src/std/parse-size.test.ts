import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { humanSize } from "./human-size.ts";
import { parseSize } from "./parse-size.ts";

test("sizes are read with decimal and binary units", () => {
  const cases: [string, number | undefined][] = [
    ["0", 0], ["1000", 1000], ["50GB", 50e9], ["50 GB", 50e9], ["1.5g", 1.5e9], ["512MiB", 512 * 1024 ** 2], ["2Ki", 2048], ["7b", 7], ["1kB", 1000], ["3T", 3e12],
    ["", undefined], ["GB", undefined], ["-1", undefined], ["1.GB", undefined], ["1ib", undefined], ["1 0", undefined], ["99999999P", undefined], ["1e9", undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

test("what humanSize writes is read as nearly the same", () => {
  fc.assert(fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
    const read = parseSize(humanSize(bytes))!;
    assert.ok(Math.abs(read - bytes) <= bytes / 1000, `${bytes} ${humanSize(bytes)} ${read}`);
  }));
});
