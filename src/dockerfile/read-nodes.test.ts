import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { readLines } from "./read-lines.ts";
import { readNodes, type NodeList } from "./read-nodes.ts";

const read = (source: string | Uint8Array): NodeList => readNodes(readLines(source, "Dockerfile"));
const lines = (source: string): string[] => read(source).nodes.map(({ line }) => line);

function refused(source: string | Uint8Array, code: string, message: string, startLine: number, endLine = startLine): void {
  assert.throws(() => read(source), (error) => {
    assert.ok(isFault(error), String(error));
    assert.deepEqual([error.code, error.message, error.location?.startLine, error.location?.endLine], [code, message, startLine, endLine]);
    return true;
  });
}

test("a line that ends in the escape character goes on below, white space behind it does not matter", () => {
  assert.deepEqual(lines("RUN a \\\n  b \\ \t\n\tc\nRUN d"), ["RUN a   b \tc", "RUN d"]);
});

test("white space is taken off the first line of an instruction only", () => {
  assert.deepEqual(lines(" \tRUN a\\\n b"), ["RUN a b"]);
});

test("two escape characters do not continue the line, three do not either", () => {
  assert.deepEqual(lines("RUN a\\\\\nRUN b\\\\\\\nRUN c"), ["RUN a\\\\", "RUN b\\\\\\", "RUN c"]);
});

test("an escape character alone on a line continues it", () => {
  assert.deepEqual(lines("RUN a \\\n\\\n b"), ["RUN a  b"]);
  assert.deepEqual(lines("\\\nRUN a"), ["RUN a"]);
});

test("the last line may end in an escape character", () => {
  assert.deepEqual(lines("RUN a \\"), ["RUN a "]);
});

test("carriage returns before line feeds are no part of a line", () => {
  assert.deepEqual(lines("RUN a \\\r\n b\r\nRUN c\r\n"), ["RUN a  b", "RUN c"]);
});

test("comment lines inside an instruction are dropped silently", () => {
  const { nodes, warnings } = read("RUN a \\\n  # why\n b\n");
  assert.deepEqual(nodes.map(({ line }) => line), ["RUN a  b"]);
  assert.deepEqual(warnings, []);
});

test("a comment does not continue, whatever it ends in", () => {
  assert.deepEqual(lines("# a \\\nRUN b"), ["RUN b"]);
});

test("blank lines inside an instruction are dropped with a warning at its last line", () => {
  const { nodes, warnings } = read("RUN a \\\n\n \n b\nRUN c");
  assert.equal(nodes[0]?.line, "RUN a  b");
  assert.deepEqual(warnings.map(({ rule, message, location }) => [rule, message, location.startLine]), [["NoEmptyContinuation", "Empty continuation line", 4]]);
});

test("every instruction knows its first and last line", () => {
  const { nodes } = read("\n# c\nFROM a\n\nRUN b \\\n c\nRUN <<A\nx\nA\n");
  assert.deepEqual(nodes.map(({ startLine, endLine }) => [startLine, endLine]), [[3, 3], [5, 6], [7, 9]]);
});

test("comments right above an instruction belong to it, an empty comment clears them, blank lines do not", () => {
  const comments = (source: string): (readonly string[])[] => read(source).nodes.map((node) => node.comments);
  assert.deepEqual(comments("# a\n#  b \nFROM x\n# c\n#\n# d\n\nRUN y\nRUN z"), [["a", "b"], ["d"], []]);
});

test("directive lines are no comments of the instruction", () => {
  assert.deepEqual(read("# syntax=x\n# hello\nFROM x").nodes[0]?.comments, ["hello"]);
});

test("the escape directive changes continuation, in any case and before other comments only", () => {
  assert.equal(read("# escape=`\nFROM a\nRUN b `\nc \\\n").escape, "`");
  assert.deepEqual(lines("# syntax=x\n#ESCAPE = `\nRUN b `\nc \\\nRUN d"), ["RUN b c \\", "RUN d"]);
  assert.equal(read("# hello\n# escape=`\nFROM a").escape, "\\");
  assert.equal(read("\n# escape=`\nFROM a").escape, "\\");
});

test("a wrong escape character and a repeated directive are refused in their lines", () => {
  refused("# escape=x\nFROM a", "DOCKERFILE_DIRECTIVE", "invalid escape token 'x' does not match ` or \\", 1);
  refused("# syntax=a\n# Syntax=b\nFROM a", "DOCKERFILE_DIRECTIVE", "only one syntax parser directive can be used", 2);
});

test("heredoc bodies follow the line in order and keep their bytes", () => {
  const { nodes } = read("RUN <<A cat <<-\"B\"\r\n a \\\r\n\n# no comment\nA\n\tb\n\tB\nRUN c");
  assert.deepEqual(nodes[0]?.heredocs.map(({ name, content, expand }) => [name, content, expand]), [["A", " a \\\r\n\n# no comment\n", true], ["B", "\tb\n", false]]);
  assert.equal(nodes[1]?.line, "RUN c");
});

test("the end of a heredoc is a whole line, tabs before it only after <<-", () => {
  assert.equal(read("RUN <<A\n A\n\tA\nAA\nA\n").nodes[0]?.heredocs[0]?.content, " A\n\tA\nAA\n");
  assert.equal(read("RUN <<-A\n A\n\t\tA\n").nodes[0]?.heredocs[0]?.content, " A\n");
});

test("heredocs are read on ADD, COPY and RUN, also behind ONBUILD, and not in JSON form", () => {
  for (const line of ["ADD <<A /x", "copy <<A /x", "ONBUILD RUN <<A"]) assert.equal(read(`${line}\nb\nA`).nodes[0]?.heredocs.length, 1, line);
  for (const line of ['RUN ["cat", "<<A"]', "CMD cat <<A", "ENV a=<<A", "ONBUILD CMD <<A"]) assert.equal(read(line).nodes[0]?.heredocs.length, 0, line);
});

test("a heredoc without an end is refused with all its lines", () => {
  refused("FROM a\nRUN <<A\nb\n", "DOCKERFILE_HEREDOC", "unterminated heredoc", 2, 3);
  refused("FROM a\nRUN echo $((1 << 3))", "DOCKERFILE_HEREDOC", "unterminated heredoc", 2);
});

test("errors of the line level have the place of the instruction and no line number in the text", () => {
  refused('FROM a\nRUN ["a", \\\n 1]', "DOCKERFILE_JSON", "when using JSON array syntax, arrays must be comprised of strings only", 2, 3);
  refused("ENV a", "DOCKERFILE_ARGUMENTS", "ENV must have two arguments", 1);
});

test("files without instructions are refused", () => {
  for (const source of ["\n", "# only\n# comments\n", " \t\r\n", "\ufeff"]) {
    assert.throws(() => read(source), { code: "DOCKERFILE_NO_INSTRUCTIONS", message: "file with no instructions" }, JSON.stringify(source));
  }
});

test("bytes that are no UTF-8 are refused in instructions and heredocs, and let through in comments", () => {
  const latin = (text: string): Uint8Array => Buffer.from(text, "latin1");
  assert.equal(read(latin("# caf\xe9\nRUN a \\\n# \xe9\n b")).nodes[0]?.line, "RUN a  b");
  for (const [source, line] of [["RUN caf\xe9", 1], ["RUN a \\\n\xe9", 2], ["RUN <<A\n\xe9\nA", 2]] as const) {
    refused(latin(source), "DOCKERFILE_NOT_TEXT", "the Dockerfile is not a text in UTF-8: this line has bytes that are not valid UTF-8", line);
  }
});
