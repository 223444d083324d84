import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault } from "../std/fault.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";

test("instructions are grouped by stage, ARGs above the first FROM are global", () => {
  const { globalArgs, stages } = parseDockerfile("ARG A=1\nARG B\nFROM x:$A AS Build\nARG A\nRUN a\nFROM scratch\nCOPY --from=build /a /\n");
  assert.deepEqual(globalArgs.flatMap(({ args }) => args), [{ name: "A", value: "1" }, { name: "B" }]);
  assert.deepEqual(stages.map(({ index, name, base, instructions }) => [index, name, base, instructions.map(({ kind }) => kind)]), [
    [0, "build", "x:$A", ["arg", "run"]],
    [1, undefined, "scratch", ["copy"]],
  ]);
});

test("FROM has a platform, a name in lower case, and its text as written", () => {
  const [stage] = parseDockerfile("# base what all share\nfrom --platform=$BUILDPLATFORM img \\\n  As BASE-1.x_y").stages;
  assert.deepEqual([stage?.keyword, stage?.platform, stage?.base, stage?.name], ["from", "$BUILDPLATFORM", "img", "base-1.x_y"]);
  assert.deepEqual([stage?.location.startLine, stage?.location.endLine, stage?.comments], [2, 3, ["base what all share"]]);
  assert.equal(stage?.original, "from --platform=$BUILDPLATFORM img   As BASE-1.x_y");
});

test("a comment that begins with the name of the stage describes it", () => {
  assert.equal(parseDockerfile("# base what all share\nFROM a AS base").stages[0]?.description, "what all share");
  assert.equal(parseDockerfile("# what all share\nFROM a AS base").stages[0]?.description, undefined);
});

test("directives are told", () => {
  const { directives, escape } = parseDockerfile("# syntax=docker/dockerfile:1.7 x\n# escape=`\n# check=error=true\nFROM a");
  assert.deepEqual([directives, escape], [{ syntax: "docker/dockerfile:1.7", check: "error=true" }, "`"]);
  assert.deepEqual(parseDockerfile("FROM a").directives, { syntax: undefined, check: undefined });
});

test("bytes and text give the same, the file's name is in every place", () => {
  const text = "FROM a\nRUN é\n";
  assert.deepEqual(parseDockerfile(Buffer.from(`\ufeff${text}`), { file: "x/D" }), parseDockerfile(text, { file: "x/D" }));
  assert.deepEqual(parseDockerfile(text, { file: "x/D" }).stages[0]?.location, { file: "x/D", text, startLine: 1, endLine: 1 });
});

/** What BuildKit 0.34 says of each file (prefix included), and the lines that are to blame. */
const REFUSED: readonly (readonly [source: string, message: string, startLine: number, endLine?: number])[] = [
  ["", "the Dockerfile cannot be empty", 1],
  ["# a\n\n# b", "file with no instructions", 3],
  ["ARG A", "dockerfile contains no stages to build", 1],
  ["ARG A\nRUN a\nFROM b", "no build stage in current context", 2],
  ["FRMO a", "dockerfile parse error on line 1: unknown instruction: FRMO (did you mean FROM?)", 1],
  ["FROM a\nrum b", "dockerfile parse error on line 2: unknown instruction: rum (did you mean run?)", 2],
  ["FROM a\nRUN b\\\n c\n&& d", "dockerfile parse error on line 4: unknown instruction: &&", 4],
  ["FROM a\n\\", "dockerfile parse error on line 2: unknown instruction: ", 2],
  ["FROM", "dockerfile parse error on line 1: FROM requires either one or three arguments", 1],
  ["FROM a b", "dockerfile parse error on line 1: FROM requires either one or three arguments", 1],
  ["FROM a is b", "dockerfile parse error on line 1: FROM requires either one or three arguments", 1],
  ["FROM a AS 1b", 'dockerfile parse error on line 1: invalid name for build stage: "1b", name can\'t start with a number or contain symbols', 1],
  ["FROM a AS B\u00e9", 'dockerfile parse error on line 1: invalid name for build stage: "B\u00e9", name can\'t start with a number or contain symbols', 1],
  ["FROM --platfrom=x a", "dockerfile parse error on line 1: unknown flag: --platfrom (did you mean platform?)", 1],
  ["FROM --platform a", "dockerfile parse error on line 1: missing a value on flag: --platform", 1],
  ["FROM a\nCOPY b", "dockerfile parse error on line 2: COPY requires at least two arguments, but only one was provided. Destination could not be determined", 2],
  ["FROM a\nADD \\\n b", "dockerfile parse error on line 2: ADD requires at least two arguments, but only one was provided. Destination could not be determined", 2, 3],
  ["FROM a\nCOPY b <<C\nx\nC", "dockerfile parse error on line 2: COPY cannot accept a heredoc as a destination", 2, 4],
  ["FROM a\nCOPY --unpack b c", "dockerfile parse error on line 2: unknown flag: --unpack", 2],
  ["FROM a\nADD --from=x b c", "dockerfile parse error on line 2: unknown flag: --from", 2],
  ["FROM a\nWORKDIR", "dockerfile parse error on line 2: WORKDIR requires exactly one argument", 2],
  ["FROM a\nUSER", "dockerfile parse error on line 2: USER requires exactly one argument", 2],
  ["FROM a\nSTOPSIGNAL", "dockerfile parse error on line 2: STOPSIGNAL requires exactly one argument", 2],
  ["FROM a\nMAINTAINER", "dockerfile parse error on line 2: MAINTAINER requires exactly one argument", 2],
  ["FROM a\nUSER --x b", "dockerfile parse error on line 2: unknown flag: --x", 2],
  ["FROM a\nENV", "dockerfile parse error on line 2: ENV requires at least one argument", 2],
  ["FROM a\nENV b", "ENV must have two arguments", 2],
  ["FROM a\nENV =b", "dockerfile parse error on line 2: ENV names can not be blank", 2],
  ["FROM a\nLABEL a=b c", 'Syntax error - can\'t find = in "c". Must be of the form: name=value', 2],
  ["FROM a\nARG", "dockerfile parse error on line 2: ARG requires at least one argument", 2],
  ["FROM a\nARG =b", "dockerfile parse error on line 2: ARG names can not be blank", 2],
  ["FROM a\nEXPOSE", "dockerfile parse error on line 2: EXPOSE requires at least one argument", 2],
  ["FROM a\nVOLUME", "dockerfile parse error on line 2: VOLUME requires at least one argument", 2],
  ['FROM a\nVOLUME ["a", " "]', "dockerfile parse error on line 2: VOLUME specified can not be an empty string", 2],
  ["FROM a\nSHELL", "dockerfile parse error on line 2: SHELL requires at least one argument", 2],
  ["FROM a\nSHELL []", "dockerfile parse error on line 2: SHELL requires at least one argument", 2],
  ["FROM a\nSHELL bash -c", "dockerfile parse error on line 2: SHELL requires the arguments to be in JSON form", 2],
  ["FROM a\nCMD [1]", "when using JSON array syntax, arrays must be comprised of strings only", 2],
  ["FROM a\nCMD --x b", "dockerfile parse error on line 2: unknown flag: --x", 2],
  ["FROM a\nONBUILD", "dockerfile parse error on line 2: ONBUILD requires at least one argument", 2],
  ["FROM a\nONBUILD ONBUILD RUN b", "dockerfile parse error on line 2: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", 2],
  ["FROM a\nONBUILD from b", "dockerfile parse error on line 2: FROM isn't allowed as an ONBUILD trigger", 2],
  ["FROM a\nONBUILD MAINTAINER b", "dockerfile parse error on line 2: MAINTAINER isn't allowed as an ONBUILD trigger", 2],
  ["FROM a\nHEALTHCHECK", "dockerfile parse error on line 2: HEALTHCHECK requires at least one argument", 2],
  ["FROM a\nRUN <<B\nb", "unterminated heredoc", 2, 3],
  ["# escape=/\nFROM a", "invalid escape token '/' does not match ` or \\", 1],
  ["# check=a\n# check=b\nFROM a", "only one check parser directive can be used", 2],
  ["FROM a\nRUM b\nENV c", "ENV must have two arguments", 3],
];

for (const [source, message, startLine, endLine = startLine] of REFUSED) {
  test(`${JSON.stringify(source)} is refused: ${message}`, () => {
    assert.throws(() => parseDockerfile(source), (error) => {
      assert.ok(isFault(error), String(error));
      assert.deepEqual([error.message, error.location?.startLine, error.location?.endLine], [message, startLine, endLine]);
      assert.equal(error.location?.text, source);
      return true;
    });
  });
}

const keyword = fc.constantFrom("FROM", "RUN", "COPY", "ADD", "ENV", "LABEL", "ARG", "CMD", "ENTRYPOINT", "EXPOSE", "VOLUME", "USER", "WORKDIR", "SHELL", "STOPSIGNAL", "HEALTHCHECK", "ONBUILD", "MAINTAINER", "run", "#", "");
const fragment = fc.constantFrom(
  " ", " ", " ", "a", "b=c", "=", "--from=x", "--mount=a", "--", "--device=", "[", '["a"]', '"', "'", "\\", "`", "\\\n", "\n", "\r\n", "<<E", "<<-", "<<'E'", "\nE\n", "\tE\n",
  "$x", "${x:-y}", "AS", "CMD", "NONE", "é", "\u3000", "# escape=`\n", "--interval=1s", "--retries=9", "0", "\u0000", "\ufffd",
);
const file = fc.array(fc.tuple(keyword, fc.array(fragment, { maxLength: 8 })), { maxLength: 6 })
  .map((rows) => `FROM base\n${rows.map(([word, parts]) => word + parts.join("")).join("\n")}`);

test("every text is a Dockerfile or a fault with a place inside the text", () => {
  fc.assert(fc.property(fc.oneof(file, fc.string()), (source) => {
    try {
      const { stages } = parseDockerfile(source);
      const lineCount = source.split("\n").length;
      for (const { location } of stages.flatMap((stage) => [stage, ...stage.instructions])) {
        assert.ok(1 <= location.startLine && location.startLine <= location.endLine && location.endLine <= lineCount);
      }
    } catch (error) {
      assert.ok(isFault(error), String(error));
      assert.ok(error.location && error.location.startLine >= 1, error.message);
      assert.ok(error.location.endLine >= error.location.startLine);
    }
  }), { numRuns: 3000 });
});

test("arbitrary bytes are a Dockerfile or a fault", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    try {
      parseDockerfile(bytes);
    } catch (error) {
      assert.ok(isFault(error), String(error));
    }
  }));
});

test("lines as long as allowed are read, however they repeat themselves", () => {
  for (const unit of ["a ", "--a ", "'", "\\ ", "<<E ", "${a:-", "\r", " ", "a=b ", "[", '"a",', "<", "$", "`"]) {
    const line = unit.repeat(Math.floor(65_000 / unit.length));
    for (const instruction of ["RUN", "ENV", "COPY", "HEALTHCHECK", "#"]) {
      try {
        parseDockerfile(`${instruction} ${line}\nFROM a\n`);
      } catch (error) {
        assert.ok(isFault(error), String(error));
      }
    }
  }
});
