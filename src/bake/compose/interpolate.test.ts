import assert from "node:assert/strict";
import { test } from "node:test";
import { interpolate } from "./interpolate.ts";
import { readEnv } from "./read-env.ts";

const VARIABLES: Readonly<Record<string, string>> = { A: "a", EMPTY: "", B: "b" };
const fill = (text: string): string => interpolate(text, (name) => VARIABLES[name]);

test("variables are filled in, with defaults and alternatives", () => {
  for (const [text, expected] of [
    ["$A-${B}", "a-b"], ["$$A", "$A"], ["$NONE|${NONE}", "|"], ["${NONE:-d}${EMPTY:-d}${EMPTY-d}", "dd"], ["${A:+x}${EMPTY:+x}${EMPTY+x}${NONE+x}", "xx"],
    ["${NONE:-${A}-${NONE:-z}}", "a-z"], ["${A:?must}", "a"], ["100$$", "100$"],
  ] as const) assert.equal(fill(text), expected, text);
});

test("what is no variable, or is missing where it must not be, is said", () => {
  assert.throws(() => fill("${NONE:?must be set}"), /required variable NONE is missing a value: must be set/);
  for (const text of ["$", "${", "${A", "$1", "${A!}"]) assert.throws(() => fill(text), /invalid interpolation format/, text);
  assert.throws(() => fill("${X:-".repeat(50) + "}".repeat(50)), /too deeply/);
});

test("an .env file has comments, quotes and variables", () => {
  const text = "# c\nA=1\nexport B = two # c\nC='$A #x'\nD=\"$A \\\"q\\\" \\$A\\n\"\nE=\nF=${A}/${HOME}\nbad line\nG=a#b\n";
  assert.deepEqual([...readEnv(text, (name) => (name === "HOME" ? "/h" : undefined))], [
    ["A", "1"], ["B", "two"], ["C", "$A #x"], ["D", '1 "q" $A\n'], ["E", ""], ["F", "1//h"], ["G", "a#b"],
  ]);
});
