import assert from "node:assert/strict";
import { test } from "node:test";
import { printable } from "./printable.ts";

test("control characters, C1 ones too, become a blank, and long texts are cut", () => {
  assert.equal(printable("\u001b[2Ja\r\nb\u009b31mc "), "[2Ja b 31mc");
  assert.equal(printable("é日本", 2), "é日");
});
