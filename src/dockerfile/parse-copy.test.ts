import assert from "node:assert/strict";
import { test } from "node:test";
import type { AddInstruction, CopyInstruction } from "./instruction.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";

const parse = (text: string): unknown => parseDockerfile(`FROM a\n${text}`).stages[0]!.instructions[0];
const copy = (text: string): CopyInstruction => parse(text) as CopyInstruction;
const add = (text: string): AddInstruction => parse(text) as AddInstruction;

test("the last argument is the destination", () => {
  const { kind, sources, destination, link, parents, exclude } = copy("COPY a b/ /c/");
  assert.deepEqual([kind, sources, destination, link, parents, exclude], ["copy", ["a", "b/"], "/c/", false, false, []]);
});

test("COPY knows its flags", () => {
  const { from, chown, chmod, link, parents, exclude } = copy("COPY --from=A --chown=1:2 --chmod=u=rwX --link=true --parents --exclude=*.a --exclude=b x /y");
  assert.deepEqual([from, chown, chmod, link, parents, exclude], ["A", "1:2", "u=rwX", true, true, ["*.a", "b"]]);
});

test("ADD knows its flags, and whether the switches for git and archives were given", () => {
  const { checksum, keepGitDir, unpack, chown } = add("ADD --checksum=sha256:a --keep-git-dir --unpack=false --chown=x u /y");
  assert.deepEqual([checksum, keepGitDir, unpack, chown], ["sha256:a", true, false, "x"]);
  assert.deepEqual([add("ADD a b").unpack, add("ADD a b").keepGitDir], [undefined, undefined]);
});

test("heredocs are sources of their own, tabs taken off where <<- asks for it", () => {
  const { sources, heredocs, destination } = copy("COPY <<A x <<-'B' /d/\n\ta\nA\n\tb\n\tB\n");
  assert.deepEqual([sources, destination], [["x"], "/d/"]);
  assert.deepEqual(heredocs.map(({ name, content, expand }) => [name, content, expand]), [["A", "\ta\n", true], ["B", "b\n", false]]);
});

test("of two heredocs with one name the last body counts", () => {
  assert.deepEqual(copy("COPY <<A <<A /d/\na\nA\nb\nA").heredocs.map(({ content }) => content), ["b\n", "b\n"]);
});

test("a JSON source that looks like a heredoc is an empty file", () => {
  assert.deepEqual(copy('COPY ["<<A", "/d"]').heredocs.map(({ name, content }) => [name, content]), [["A", ""]]);
});
