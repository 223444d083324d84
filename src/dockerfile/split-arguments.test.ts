import assert from "node:assert/strict";
import { test } from "node:test";
import { splitLine } from "./split-arguments.ts";

const args = (line: string): readonly string[] => splitLine(line, "\\").args;

test("commands are a JSON array or the whole rest as one text", () => {
  assert.deepEqual(splitLine('CMD ["a", "b c"]', "\\"), { keyword: "CMD", flags: [], args: ["a", "b c"], json: true });
  assert.deepEqual(splitLine("run  a  'b c' ", "\\"), { keyword: "run", flags: [], args: ["a  'b c'"], json: false });
  assert.deepEqual(args("ENTRYPOINT"), []);
});

test("what is not valid JSON silently is the other form", () => {
  for (const rest of ["['a']", '["a"', '["a",]', '[1e999, "a"]', '"a"', '["a"] b']) {
    assert.deepEqual(splitLine(`SHELL ${rest}`, "\\"), { keyword: "SHELL", flags: [], args: [rest], json: false }, rest);
  }
  assert.deepEqual(args("COPY ['a', /b]"), ["['a',", "/b]"]);
});

test("a JSON array with a member that is no string is refused", () => {
  for (const rest of ['["a", 1]', "[null]", '[["a"]]', '[{"a": "b"}]']) {
    assert.throws(() => splitLine(`VOLUME ${rest}`, "\\"), { code: "DOCKERFILE_JSON", message: "when using JSON array syntax, arrays must be comprised of strings only" }, rest);
  }
});

test("a JSON array with a NUL character is refused", () => {
  assert.throws(() => splitLine('CMD ["a\\u0000b"]', "\\"), { code: "DOCKERFILE_ARGUMENTS", message: /NUL character/ });
});

test("an empty array is JSON without arguments, and escapes of half characters are replaced", () => {
  assert.deepEqual(splitLine("CMD []", "\\"), { keyword: "CMD", flags: [], args: [], json: true });
  assert.deepEqual(args('CMD ["\\ud800"]'), ["\ufffd"]);
});

test("files and volumes are a JSON array or words between blanks, quotes meaning nothing", () => {
  assert.deepEqual(args('COPY "a b" c\td'), ['"a', 'b"', "c", "d"]);
  assert.deepEqual(args('ADD ["a b", "c"]'), ["a b", "c"]);
  assert.deepEqual(args("EXPOSE [80] 443"), ["[80]", "443"]);
});

test("ENV and LABEL are triples of name, value and separator", () => {
  assert.deepEqual(args(`ENV a=b "c d"=e\\ f g=`), ["a", "b", "=", '"c d"', "e\\ f", "=", "g", "", "="]);
  assert.deepEqual(args("LABEL name  the = rest"), ["name", "the = rest", ""]);
});

test("ENV without a value and a later word without = are refused", () => {
  assert.throws(() => splitLine("ENV a", "\\"), { code: "DOCKERFILE_ARGUMENTS", message: "ENV must have two arguments" });
  assert.throws(() => splitLine('LABEL a=b "c"', "\\"), { message: 'Syntax error - can\'t find = in "\\"c\\"". Must be of the form: name=value' });
});

test("ARG is words with or without =", () => {
  assert.deepEqual(args("ARG a b='c d' e="), ["a", "b='c d'", "e="]);
});

test("HEALTHCHECK is a type and a command", () => {
  assert.deepEqual(splitLine('HEALTHCHECK CMD  ["a", "b"]', "\\"), { keyword: "HEALTHCHECK", flags: [], args: ["CMD", "a", "b"], json: true });
  assert.deepEqual(args("HEALTHCHECK --interval=1s cmd a b"), ["cmd", "a b"]);
  assert.deepEqual(args("HEALTHCHECK"), []);
});

test("ONBUILD holds another instruction with flags of its own", () => {
  const { args: words, inner } = splitLine("ONBUILD COPY --from=a b c", "\\");
  assert.deepEqual(words, ["COPY", "b", "c"]);
  assert.deepEqual(inner, { keyword: "COPY", flags: ["--from=a"], args: ["b", "c"], json: false });
  assert.throws(() => splitLine("ONBUILD ENV a", "\\"), { message: "ENV must have two arguments" });
});

test("names that every object has are no instructions", () => {
  assert.deepEqual(args("constructor a"), [""]);
});
