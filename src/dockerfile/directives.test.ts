import assert from "node:assert/strict";
import { test } from "node:test";
import { detectSyntax, findDirective, parseDirective } from "./directives.ts";

test("a directive is a known name, an equals sign and a value, with white space around", () => {
  assert.deepEqual(parseDirective("# syntax = docker/dockerfile:1 x \t"), { name: "syntax", value: "docker/dockerfile:1 x" });
  assert.deepEqual(parseDirective("#ESCAPE=`"), { name: "escape", value: "`" });
  assert.deepEqual(parseDirective("#check=skip=A;error=true"), { name: "check", value: "skip=A;error=true" });
});

test("unknown names, missing values and ordinary comments are no directives", () => {
  for (const line of ["# other=x", "# syntax=", "# syntax", "# just = talk", "syntax=x", "", "#"]) assert.equal(parseDirective(line), undefined, line);
});

test("the search ends at the first line that is no directive, and at a repeated one", () => {
  assert.equal(findDirective("# escape=`\n# check=error=true\nFROM a", "check"), "error=true");
  assert.equal(findDirective("# hello\n# check=error=true", "check"), undefined);
  assert.equal(findDirective("\n# check=error=true", "check"), undefined);
  assert.equal(findDirective("# escape=`\n# escape=`\n# check=x", "check"), undefined);
});

test("the syntax is found behind a #! line, in three notations", () => {
  assert.deepEqual(detectSyntax("#!/usr/bin/env x\n# syntax=a/b:1 --flag\nFROM a"), { reference: "a/b:1", commandLine: "a/b:1 --flag" });
  assert.equal(detectSyntax("// syntax=a/b\n{}")?.reference, "a/b");
  assert.equal(detectSyntax('{"syntax": "a/b"}')?.reference, "a/b");
});

test("a file that asks for no frontend has no syntax", () => {
  for (const source of ["FROM a", '{"syntax": 1}', "{broken", "# escape=`\nFROM a"]) assert.equal(detectSyntax(source), undefined, source);
});
