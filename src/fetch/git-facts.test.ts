import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { commit, git } from "../../test/support/git-repositories.ts";
import { findProgram } from "../linux/find-program.ts";
import { gitFactsOf, gitLabelsOf } from "./git-facts.ts";

const skip = findProgram("git") === undefined && "needs git";

test("a commit is called dirty when its tree has anything besides, and nothing of the repository is run to find out", { skip }, async (context) => {
  const root = mkdtempSync(join(tmpdir(), "inputs-git-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  git(root, "init", "-q");
  const revision = commit(root, "first", { file: "1\n", ".gitignore": "*.log\n", ".gitattributes": "filtered filter=evil\n", filtered: "1\n" });
  git(root, "config", "filter.evil.clean", `touch ${join(root, "ran")}; cat`);
  git(root, "config", "filter.evil.process", `touch ${join(root, "ran")}`);
  git(root, "config", "filter.evil.required", "true");
  git(root, "config", "core.fsmonitor", `touch ${join(root, "ran")}`);
  const told = async (checkDirty: boolean): Promise<unknown> => [(await gitFactsOf({ context: root }, { checkDirty }))["revision"], (await gitLabelsOf({ context: root }, { checkDirty }))["org.opencontainers.image.revision"]];
  const [clean, dirty] = [[revision, revision], [`${revision}-dirty`, `${revision}-dirty`]];
  assert.deepEqual(await told(true), clean);
  // The same bytes at another time: git reads the file, and would filter it.
  utimesSync(join(root, "filtered"), 1, 1);
  assert.deepEqual(await told(true), clean);
  for (const name of ["file", "new", "ignored.log"]) {
    writeFileSync(join(root, name), "2\n");
    assert.deepEqual(await told(true), dirty, name);
    assert.deepEqual(await told(false), clean, name);
    if (name === "file") writeFileSync(join(root, name), "1\n");
    else rmSync(join(root, name));
  }
  assert.deepEqual(await told(true), clean);
  rmSync(join(root, ".git/index"));
  assert.deepEqual(await told(true), dirty);
  assert.ok(!existsSync(join(root, "ran")));
});
