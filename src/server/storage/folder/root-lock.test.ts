import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isFault } from "../../../std/fault.ts";
import { lockRoot } from "./root-lock.ts";

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-lock-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a folder is claimed once, and again after it was given up", (context) => {
  const root = scratch(context);
  const unlock = lockRoot(root);
  assert.throws(() => lockRoot(root), (error) => isFault(error, "SERVER_ROOT_BUSY"));
  unlock();
  lockRoot(root)();
  assert.equal(existsSync(join(root, "lock")), false);
});

test("the claim of a dead process, of a reused process id and a torn one are taken over", (context) => {
  const root = scratch(context);
  for (const claim of [{ pid: 4_194_304, started: "x" }, { pid: process.pid, started: "another boot:1" }, ""]) {
    writeFileSync(join(root, "lock"), claim === "" ? "" : JSON.stringify(claim));
    lockRoot(root)();
  }
});
