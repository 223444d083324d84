import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { debugWords } from "./debug-words.ts";

test("buildx's words for debugging become ours, and others are refused", () => {
  for (const words of [["--on=error", "build", "-t", "a", "."], ["--on", "error", "build", "-t", "a", "."], ["build", "--on=error", "-t", "a", "."], ["build", "-t", "a", "."]]) {
    assert.deepEqual(debugWords(words), ["--on-error", "shell", "-t", "a", "."]);
  }
  for (const words of [["--on=always", "build", "."], ["--on"], ["--invoke", "bash", "build", "."]]) assert.throws(() => debugWords(words), (error) => isFault(error, "NOT_SUPPORTED"));
  for (const words of [[], ["dap"]]) assert.throws(() => debugWords(words), (error) => isFault(error, "USAGE"));
});
