import assert from "node:assert/strict";
import { test } from "node:test";
import { compileIgnore, expand, formatFrame, isFault, parseDockerfile, parseIgnoreFile } from "./index.ts";

test("the public entry reads a Dockerfile, expands its words and shows where it is wrong", () => {
  const { globalArgs, stages, escape } = parseDockerfile("ARG TAG=3.20\nFROM alpine:${TAG} AS base\nRUN apk add git\n");
  const env = new Map(globalArgs.flatMap(({ args }) => args.map(({ name, value = "" }) => [name, value] as const)));
  assert.equal(expand(stages[0]!.base, env, { escape }).value, "alpine:3.20");
  try {
    parseDockerfile("FROM alpine\nCOYP a b\n");
    assert.fail("the misspelt instruction was accepted");
  } catch (error) {
    assert.ok(isFault(error, "DOCKERFILE_INSTRUCTION"));
    assert.match(formatFrame(error.location!), />>> COYP a b/);
  }
});

test("the public entry reads ignore files", () => {
  const matcher = compileIgnore(parseIgnoreFile("node_modules\n*.log\n!keep.log\n"));
  assert.deepEqual(["node_modules/a/b", "x.log", "keep.log", "src"].map((path) => matcher.matches(path)), [true, true, false, false]);
});
