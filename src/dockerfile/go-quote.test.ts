import assert from "node:assert/strict";
import { test } from "node:test";
import { goQuote, goQuoteList } from "./go-quote.ts";

test("quotes, backslashes and what cannot be printed are escaped as Go does it", () => {
  assert.equal(goQuote('a "b" \\ é 😀'), '"a \\"b\\" \\\\ é 😀"');
  assert.equal(goQuote("\u0007\b\f\n\r\t\v"), '"\\a\\b\\f\\n\\r\\t\\v"');
  assert.equal(goQuote("\0\u007f"), '"\\x00\\x7f"');
  assert.equal(goQuote("\u00a0\u200b\u{e0001}"), '"\\u00a0\\u200b\\U000e0001"');
});

test("a list stands in brackets, separated by single spaces", () => {
  assert.equal(goQuoteList(["--a=b", "c d"]), '["--a=b" "c d"]');
  assert.equal(goQuoteList([]), "[]");
});
