import assert from "node:assert/strict";
import { test } from "node:test";
import { asHeredoc, heredocsOf, parseHeredoc, stripTabs } from "./heredoc.ts";

test("a heredoc word has an optional number, the operator and a name", () => {
  assert.deepEqual(parseHeredoc("<<EOF"), { name: "EOF", content: "", expand: true, stripTabs: false });
  assert.deepEqual(parseHeredoc("3<<-EOF"), { name: "EOF", content: "", expand: true, stripTabs: true, fd: 3 });
  assert.equal(parseHeredoc("<< \tEOF")?.name, "EOF");
});

test("a quote in any part of the name keeps the body unexpanded", () => {
  for (const word of ["<<'EOF'", '<<"EOF"', "<<E'O'F", "<<-''EOF"]) {
    assert.deepEqual([parseHeredoc(word)?.name, parseHeredoc(word)?.expand], ["EOF", false], word);
  }
  assert.deepEqual([parseHeredoc("<<\\EOF")?.name, parseHeredoc("<<\\EOF")?.expand], ["EOF", true]);
  assert.deepEqual([parseHeredoc('<<"\'"')?.name, parseHeredoc('<<"\'"')?.expand], ["'", false]);
});

test("variables in the name are not filled in", () => {
  assert.equal(parseHeredoc("<<$X")?.name, "$X");
});

test("words that are no heredocs are left alone", () => {
  for (const word of ["<<", "<EOF", "<<<EOF", "a<<EOF", "<<A B", "<<''", "1<"]) assert.equal(parseHeredoc(word), undefined, word);
  assert.equal(asHeredoc("<<'EOF"), undefined);
  assert.throws(() => parseHeredoc("<<'EOF"), { code: "DOCKERFILE_SUBSTITUTION" });
});

test("a line announces its heredocs in order", () => {
  assert.deepEqual(heredocsOf(`RUN <<A cat 3<<-"B C" <<'D' # x`).map(({ name }) => name), ["A", "B C", "D"]);
  assert.deepEqual(heredocsOf("RUN echo $((1 << 3))").map(({ name }) => name), ["3))"]);
  assert.deepEqual(heredocsOf("RUN echo 1<<3 \"<<A\" $((1<<3)) ${x:-<<B}").map(({ name }) => name), ["3"]);
});

test("a line with an open quote has no heredocs", () => {
  assert.deepEqual(heredocsOf("RUN echo it's <<EOF"), []);
});

test("tabs at the beginning of lines go where <<- was written, spaces stay", () => {
  const heredoc = { name: "E", content: "\t\ta\n \tb\n\t\nc\r\n\td", expand: true, stripTabs: true };
  assert.equal(stripTabs(heredoc).content, "a\n \tb\n\nc\r\nd");
  assert.equal(stripTabs({ ...heredoc, stripTabs: false }).content, heredoc.content);
});
