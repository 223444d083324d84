import assert from "node:assert/strict";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { tryLock } from "../../../linux/lock-file.ts";
import { isFault } from "../../../std/fault.ts";
import { haveLibc } from "../../../linux/libc.ts";
import { unlessLocked } from "../locks.ts";
import { openSqliteMetadata } from "../sqlite/open-sqlite-metadata.ts";
import { lockRoot, serverOf } from "./root-lock.ts";

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

test("one process at a time looks after a folder, beside its server; another one is told so, or leaves it", async (context) => {
  const root = scratch(context);
  const serving = lockRoot(root);
  const keeping = lockRoot(root, "collector.lock");
  assert.throws(() => lockRoot(root, "collector.lock"), (error) => isFault(error, "SERVER_UPKEEP_BUSY") && /looks after/.test(error.message));
  await using records = await openSqliteMetadata(join(root, "registry.db"), { lease: 0, report: (problem) => assert.fail(problem) });
  assert.equal(await unlessLocked(records, "collector", () => assert.fail("it was done beside another")), undefined);
  assert.equal(await unlessLocked(records, "webhooks", async () => "done"), "done");
  keeping();
  assert.equal(await unlessLocked(records, "collector", async () => "done"), "done");
  await assert.rejects(unlessLocked(records, "collector", () => Promise.reject(new Error("of the work"))), /of the work/);
  lockRoot(root, "collector.lock")();
  serving();
});

test("a claim counts whose holder has no process id here, as one of another container; and its end is noticed", { skip: !haveLibc() && "files cannot be locked here" }, (context) => {
  const root = scratch(context);
  const path = join(root, "lock");
  assert.equal(serverOf(root), "none");
  writeFileSync(path, JSON.stringify({ pid: 4_194_304, started: "of another container" }));
  const held = openSync(path, "r");
  assert.equal(tryLock(held), true);
  assert.throws(() => lockRoot(root), (error) => isFault(error, "SERVER_ROOT_BUSY") && error.message.includes("4194304"));
  assert.equal(serverOf(root), "runs");
  closeSync(held);
  assert.equal(serverOf(root), "was killed");
  const unlock = lockRoot(root);
  assert.equal(serverOf(root), "runs");
  unlock();
  assert.equal(serverOf(root), "none");
});
