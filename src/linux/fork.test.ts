import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

test("copies of a process collect garbage without the threads that they do not have", () => {
  const script = fileURLToPath(new URL("../../test/support/collecting-copies.ts", import.meta.url));
  assert.equal(execFileSync(process.execPath, ["--no-warnings", script], { encoding: "utf8", timeout: 60_000 }), "0 of 8\n");
});

test("a process is not copied while another of its threads works", () => {
  const script = fileURLToPath(new URL("../../test/support/sleeping-threads.ts", import.meta.url));
  assert.equal(execFileSync(process.execPath, ["--no-warnings", script], { encoding: "utf8", timeout: 60_000 }), "waited\n");
});
