import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instruction } from "./instruction.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";

const parse = (text: string): Instruction => parseDockerfile(`FROM a\n${text}`).stages[0]!.instructions[0]!;
/** The instruction without what all have in common. */
const meaning = (text: string): object => {
  const { location: _location, keyword: _keyword, original: _original, comments: _comments, ...rest } = parse(text);
  return rest;
};

test("CMD and ENTRYPOINT have two forms, also with nothing in them", () => {
  assert.deepEqual(meaning('CMD ["a b"]'), { kind: "cmd", form: "exec", args: ["a b"] });
  assert.deepEqual(meaning("ENTRYPOINT a b"), { kind: "entrypoint", form: "shell", args: ["a b"] });
  assert.deepEqual(meaning("CMD"), { kind: "cmd", form: "shell", args: [] });
  assert.deepEqual(meaning("ENTRYPOINT []"), { kind: "entrypoint", form: "exec", args: [] });
});

test("ENV and LABEL keep quotes and tell the old form apart", () => {
  assert.deepEqual(meaning('ENV a="b c" d='), { kind: "env", pairs: [{ key: "a", value: '"b c"', legacy: false }, { key: "d", value: "", legacy: false }] });
  assert.deepEqual(meaning("LABEL a b  c"), { kind: "label", pairs: [{ key: "a", value: "b  c", legacy: true }] });
});

test("ARG has names with and without default, and takes their descriptions from the comments above", () => {
  assert.deepEqual(meaning("# b the second\n# other\nARG a b=c=d e="), {
    kind: "arg", args: [{ name: "a" }, { name: "b", value: "c=d", comment: "the second" }, { name: "e", value: "" }],
  });
});

test("ARG and STOPSIGNAL ignore flags, as BuildKit does", () => {
  assert.deepEqual(meaning("ARG --x a"), { kind: "arg", args: [{ name: "a" }] });
  assert.deepEqual(meaning("STOPSIGNAL --x 9"), { kind: "stopsignal", value: "9" });
});

test("EXPOSE sorts its arguments as they are written", () => {
  assert.deepEqual(meaning("EXPOSE 9 80/tcp 443 $p 1234/udp"), { kind: "expose", ports: ["$p", "1234/udp", "443", "80/tcp", "9"] });
});

test("VOLUME trims its paths", () => {
  assert.deepEqual(meaning('VOLUME [" /a ", "/b"]'), { kind: "volume", paths: ["/a", "/b"] });
  assert.deepEqual(meaning("VOLUME /a  /b"), { kind: "volume", paths: ["/a", "/b"] });
});

test("USER, WORKDIR, STOPSIGNAL and MAINTAINER take the whole rest", () => {
  assert.deepEqual(meaning("USER a  b"), { kind: "user", value: "a  b" });
  assert.deepEqual(meaning("WORKDIR /a b "), { kind: "workdir", value: "/a b" });
  assert.deepEqual(meaning("STOPSIGNAL SIGTERM"), { kind: "stopsignal", value: "SIGTERM" });
  assert.deepEqual(meaning("MAINTAINER A <a@b>"), { kind: "maintainer", value: "A <a@b>" });
});

test("SHELL is a list of words", () => {
  assert.deepEqual(meaning('SHELL ["/bin/sh", "-ec"]'), { kind: "shell", args: ["/bin/sh", "-ec"] });
});

test("ONBUILD keeps the text behind it, flags and heredoc bodies included", () => {
  assert.deepEqual(meaning("onbuild  COPY --from=x a \\\n  b"), { kind: "onbuild", trigger: "COPY --from=x a   b" });
  assert.deepEqual(meaning("ONBUILD RUN <<-A\n\ta\n\tA"), { kind: "onbuild", trigger: "RUN <<-A\n\ta\nA" });
});

test("ONBUILD does not look into flags of the inner instruction, nor whether it exists", () => {
  assert.deepEqual(meaning("ONBUILD RUN --nonsense a"), { kind: "onbuild", trigger: "RUN --nonsense a" });
  assert.deepEqual(meaning("ONBUILD FOO"), { kind: "onbuild", trigger: "FOO" });
});

test("keyword, comments and text of an instruction are kept as written", () => {
  const { keyword, comments, original, location } = parse("# why\nrun a \\\n <<B\nb\nB\n");
  assert.deepEqual([keyword, comments, original], ["run", ["why"], "run a  <<B\nb\nB"]);
  assert.deepEqual([location.file, location.startLine, location.endLine], ["Dockerfile", 3, 6]);
});
