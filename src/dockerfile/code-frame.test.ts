import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFrame } from "./code-frame.ts";

const text = "FROM a\nRUN one\nRUN two\nRUN three \\\n  four\nRUN five\nRUN six\n";

test("one line is shown with two lines around it on each side", () => {
  assert.equal(formatFrame({ file: "Dockerfile", text, startLine: 3, endLine: 3 }), [
    "Dockerfile:3",
    "--------------------",
    "   1 |     FROM a",
    "   2 |     RUN one",
    "   3 | >>> RUN two",
    "   4 |     RUN three \\",
    "   5 |       four",
    "--------------------",
  ].join("\n"));
});

test("several lines are shown with one line around them", () => {
  assert.equal(formatFrame({ file: "D", text, startLine: 4, endLine: 5 }), [
    "D:4",
    "--------------------",
    "   3 |     RUN two",
    "   4 | >>> RUN three \\",
    "   5 | >>>   four",
    "   6 |     RUN five",
    "--------------------",
  ].join("\n"));
});

test("at the edge of the file more of the other side is shown", () => {
  const frame = formatFrame({ file: "D", text: "FROM a\nRUN b\nRUN c", startLine: 1, endLine: 1 });
  assert.deepEqual(frame.split("\n").slice(2, -1), ["   1 | >>> FROM a", "   2 |     RUN b", "   3 |     RUN c"]);
  assert.match(formatFrame({ file: "D", text: "FROM a", startLine: 1, endLine: 9 }), /^ {3}1 \| >>> FROM a$/m);
});

test("a place outside the text has no frame", () => {
  assert.equal(formatFrame({ file: "D", text: "FROM a", startLine: 0, endLine: 0 }), "");
  assert.equal(formatFrame({ file: "D", text: "FROM a", startLine: 2, endLine: 2 }), "");
});

test("with colour the lines that are meant are red", () => {
  assert.match(formatFrame({ file: "D", text: "FROM a\nRUN b", startLine: 2, endLine: 2 }, { color: true }), /^ {3}1 \| {5}FROM a\n\u001b\[31m {3}2 \| >>> RUN b\u001b\[39m$/m);
});

test("control characters of the file do not reach the terminal", () => {
  const frame = formatFrame({ file: "D", text: "RUN \u001b[2Ja\tb\r\n", startLine: 1, endLine: 1 });
  assert.match(frame, />>> RUN \ufffd\[2Ja\tb$/m);
});
