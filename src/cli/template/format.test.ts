import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOne, formatRows } from "./format.ts";
import { alignColumns } from "./tabwriter.ts";

const rows = [{ ID: "aaa", Name: "Alpine" }, { ID: "b", Name: "A much longer name" }];
const options = { defaultTable: "{{.ID}}\\t{{.Name}}", headers: { ID: "IMAGE ID", Name: "NAME" } };

test("without a format, and with `table`, the default table is written", () => {
  const expected = "IMAGE ID   NAME\naaa        Alpine\nb          A much longer name\n";
  assert.equal(formatRows(rows, options), expected);
  assert.equal(formatRows(rows, { ...options, format: "table" }), expected);
});

test("`table` with a template writes headings, which functions do not change", () => {
  assert.equal(
    formatRows(rows, { ...options, format: "table {{upper .Name}}\\t{{.ID}}" }),
    "NAME                 IMAGE ID\nALPINE               aaa\nA MUCH LONGER NAME   b\n",
  );
});

test("a template alone writes a line per row, without headings", () => {
  assert.equal(formatRows(rows, { ...options, format: "{{.ID}}\\t{{.Name}}" }), "aaa\tAlpine\nb\tA much longer name\n");
});

test("`json` writes a line of JSON per row", () => {
  assert.equal(formatRows(rows, { ...options, format: "json" }), '{"ID":"aaa","Name":"Alpine"}\n{"ID":"b","Name":"A much longer name"}\n');
  assert.equal(formatOne("json", { a: new Map([["b", 1]]) }), '{"a":{"b":1}}');
});

test("no rows give the headings in a table and nothing elsewhere", () => {
  assert.equal(formatRows([], options), "IMAGE ID   NAME\n");
  assert.equal(formatRows([], { ...options, format: "{{.ID}}" }), "");
});

test("columns are aligned like Go's tabwriter does: the last cell is not padded, a column ends where a line has no cell there", () => {
  assert.equal(alignColumns("a\tb\tc\nlonger than ten\tx\n\nq\tr\n"), "a                 b         c\nlonger than ten   x\n\nq         r\n");
});
