import assert from "node:assert/strict";
import { test } from "node:test";
import { dumpDockerfile } from "./dump.ts";

test("every instruction is one S-expression with flags as a list and quoted arguments", () => {
  assert.equal(dumpDockerfile('FROM a AS b\nCopy --from=x --link c "d"\nCMD ["e", "f\\n"]\n'), [
    '(from "a" "AS" "b")',
    '(copy ["--from=x" "--link"] "c" "\\"d\\"")',
    '(cmd "e" "f\\n")',
  ].join("\n"));
});

test("ENV and LABEL are triples, the separator is empty in the old form", () => {
  assert.equal(dumpDockerfile("ENV a=b c=d\nLABEL e f g"), '(env "a" "b" "=" "c" "d" "=")\n(label "e" "f g" "")');
});

test("ONBUILD contains the inner instruction", () => {
  assert.equal(dumpDockerfile("ONBUILD RUN --x a b"), '(onbuild (run ["--x"] "a b"))');
});

test("instructions without arguments are words alone, unknown ones have an empty argument", () => {
  assert.equal(dumpDockerfile("RUN\nFOO bar"), '(run)\n(foo "")');
});
