import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { splitBlanks, splitFirstBlank, splitInstruction, splitQuoted } from "./split-words.ts";

test("blanks are tabs, vertical tabs, form feeds, carriage returns and spaces", () => {
  assert.deepEqual(splitBlanks("a \t\v\f\rb c\u00a0d"), ["a", "b", "c\u00a0d"]);
  assert.deepEqual(splitBlanks(""), []);
});

test("a text is split once at its first blanks", () => {
  assert.deepEqual(splitFirstBlank("key  the rest "), ["key", "the rest "]);
  assert.deepEqual(splitFirstBlank("key"), ["key"]);
});

test("quoted words keep their quotes and escapes", () => {
  assert.deepEqual(splitQuoted(`a="b c" d='e f' g\\ h=i`, "\\"), [`a="b c"`, `d='e f'`, "g\\ h=i"]);
  assert.deepEqual(splitQuoted(`a="b\\" c" d`, "\\"), [`a="b\\" c"`, "d"]);
});

test("inside single quotes nothing can be escaped", () => {
  assert.deepEqual(splitQuoted(`a='b\\' c`, "\\"), [`a='b\\'`, "c"]);
});

test("an escape at the end of the text is dropped", () => {
  assert.deepEqual(splitQuoted("a b\\", "\\"), ["a", "b"]);
  assert.deepEqual(splitQuoted("a `", "`"), ["a"]);
});

test("words of name=value lists also split at Unicode spaces", () => {
  assert.deepEqual(splitQuoted("a=1\u00a0b=2\u3000c=3", "\\"), ["a=1", "b=2", "c=3"]);
});

test("flags are the words with two dashes before the first other word", () => {
  assert.deepEqual(splitInstruction("COPY --from=a  --link b --late c", "\\"), { keyword: "COPY", flags: ["--from=a", "--link"], rest: "b --late c" });
});

test("quotes and escapes inside flags are processed and removed", () => {
  assert.deepEqual(splitInstruction(`RUN --a="b c" --d='e f' --g\\ h x`, "\\").flags, ["--a=b c", "--d=e f", "--g h"]);
  assert.deepEqual(splitInstruction("RUN --a`\"b x", "`").flags, ['--a"b']);
  assert.deepEqual(splitInstruction(`RUN --a="b`, "\\").flags, ["--a=b"]);
});

test("a bare -- ends the flags and is dropped", () => {
  assert.deepEqual(splitInstruction("RUN --a -- --b c", "\\"), { keyword: "RUN", flags: ["--a"], rest: "--b c" });
  assert.deepEqual(splitInstruction("RUN --", "\\"), { keyword: "RUN", flags: [], rest: "" });
});

test("splitting loses nothing but white space", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", " ", "\t", "=", "é", "-") }), (text) => {
    assert.equal(splitQuoted(text, "\\").join(""), text.replace(/[ \t]/g, ""));
    assert.equal(splitBlanks(text).join(""), text.replace(/[ \t]/g, ""));
  }));
});
