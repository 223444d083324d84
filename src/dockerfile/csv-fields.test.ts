import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { csvFields } from "./csv-fields.ts";

test("fields stand between commas, in quotes they may hold commas and quotes", () => {
  assert.deepEqual(csvFields("a=b,,c d", "mounts"), ["a=b", "", "c d"]);
  assert.deepEqual(csvFields('"a,b",c,"d""e",""', "mounts"), ["a,b", "c", 'd"e', ""]);
  assert.deepEqual(csvFields("a,", "mounts"), ["a", ""]);
});

test("wrong quotes are refused with Go's words and the column in bytes", () => {
  const refused = (text: string, problem: string): void => assert.throws(() => csvFields(text, "mounts"), { message: `failed to parse csv mounts: ${problem}` });
  refused("", "EOF");
  refused('a"b', 'parse error on line 1, column 2: bare " in non-quoted-field');
  refused('é,b"', 'parse error on line 1, column 5: bare " in non-quoted-field');
  refused('"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field');
  refused('"a', 'parse error on line 1, column 2: extraneous or missing " in quoted-field');
});

test("fields that were quoted come back as they were", () => {
  fc.assert(fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
    assert.deepEqual(csvFields(fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(","), "x"), fields);
  }));
});
