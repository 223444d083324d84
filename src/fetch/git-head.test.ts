import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { commit, git } from "../../test/support/git-repositories.ts";
import { findProgram } from "../linux/find-program.ts";
import { gitFactsOf } from "./git-facts.ts";
import { gitHeadOf } from "./git-head.ts";

const skip = findProgram("git") === undefined && "needs git";

function repository(context: TestContext): { folder: string; root: string; revision: string } {
  const folder = mkdtempSync(join(tmpdir(), "git-head-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, "work");
  mkdirSync(root);
  git(root, "init", "-q");
  return { folder, root, revision: commit(root, "first", { "sub/file": "1\n" }) };
}

/** What git itself says. */
async function asGit(folder: string): Promise<unknown> {
  const { revision, source } = await gitFactsOf({ context: folder });
  return revision === undefined ? undefined : { revision, ...(source === undefined ? {} : { repository: source }) };
}

test("commit and repository are what git says: on a branch, detached, packed, in a further work tree and a submodule", { skip }, async (context) => {
  const { folder, root, revision } = repository(context);
  const check = async (place: string, expected: unknown): Promise<void> => {
    assert.deepEqual(gitHeadOf(place), expected, place);
    assert.deepEqual(await asGit(place), expected, place);
  };
  await check(join(root, "sub"), { revision });
  git(root, "remote", "add", "upstream", "https://example.com/upstream.git");
  await check(root, { revision, repository: "https://example.com/upstream.git" });
  git(root, "remote", "add", "origin", "https://me:secret@example.com/app.git");
  await check(root, { revision, repository: "https://xxxxx:xxxxx@example.com/app.git" });
  git(root, "remote", "set-url", "--add", "origin", "https://example.com/mirror.git");
  await check(root, { revision, repository: "https://xxxxx:xxxxx@example.com/app.git" });
  symlinkSync(join(root, "sub"), join(folder, "linked"));
  await check(join(folder, "linked"), { revision, repository: "https://xxxxx:xxxxx@example.com/app.git" });
  git(root, "remote", "add", "fork", "git@example.com:fork/app.git");
  git(root, "config", "branch.main.remote", "fork");
  git(root, "config", "branch.main.merge", "refs/heads/main");
  await check(root, { revision, repository: "git@example.com:fork/app.git" });
  git(root, "pack-refs", "--all");
  await check(root, { revision, repository: "git@example.com:fork/app.git" });
  git(root, "worktree", "add", "-q", join(folder, "other"), "-b", "topic/one");
  const second = commit(join(folder, "other"), "second", { other: "1\n" });
  await check(join(folder, "other"), { revision: second, repository: "https://xxxxx:xxxxx@example.com/app.git" });
  git(root, "checkout", "-q", "--detach");
  await check(root, { revision, repository: "https://xxxxx:xxxxx@example.com/app.git" });
  const outer = join(folder, "outer");
  mkdirSync(outer);
  git(outer, "init", "-q");
  git(outer, "submodule", "--quiet", "add", root, "module");
  await check(join(outer, "module"), { revision, repository: root });
});

test("what is no repository, has no commit or was made to mislead tells nothing", { skip }, (context) => {
  const { folder, root, revision } = repository(context);
  const plain = join(folder, "plain");
  mkdirSync(plain);
  assert.equal(gitHeadOf(plain), undefined);
  git(plain, "init", "-q");
  assert.equal(gitHeadOf(plain), undefined);
  for (const head of ["", "ref: refs/heads/../../secret", "ref: /etc/passwd", "\0", "ref: refs/heads/gone", "g".repeat(40)]) {
    writeFileSync(join(root, ".git/HEAD"), `${head}\n`);
    writeFileSync(join(root, ".git/secret"), `${revision}\n`);
    assert.equal(gitHeadOf(root), undefined, head);
  }
  writeFileSync(join(root, ".git/HEAD"), `${revision}\n`);
  truncateSync(join(root, ".git/config"), 8 * 1024 * 1024);
  assert.deepEqual(gitHeadOf(root), { revision });
  assert.equal(gitHeadOf(join(root, "not there")), undefined);
  writeFileSync(join(root, ".git/config"), '[remote "origin"]\nurl = https://example.com/\x1b]0;title\x07\n');
  assert.deepEqual(gitHeadOf(root), { revision });
  writeFileSync(join(plain, "file"), "x");
  rmSync(join(plain, ".git"), { recursive: true });
  for (const link of ["gitdir: ../nowhere", "something", "gitdir: ", "gitdir: /dev"]) {
    writeFileSync(join(plain, ".git"), `${link}\n`);
    assert.equal(gitHeadOf(plain), undefined, link);
  }
});

test("files of git's that would take for ever to read or to look through are none", { skip }, (context) => {
  const { folder, root, revision } = repository(context);
  writeFileSync(join(root, ".git/config"), `[remote "origin"]\nurl = a${" ".repeat(1024 * 1024)}a\rb\n${" ".repeat(1024 * 1024)}x\nurl="two`);
  assert.equal(gitHeadOf(root)?.revision, revision);
  const waits = join(folder, "waits");
  execFileSync("mkfifo", [waits]);
  for (const target of [waits, "/proc/kmsg", "/dev/zero", "/dev/tty"]) {
    rmSync(join(root, ".git/HEAD"), { force: true });
    symlinkSync(target, join(root, ".git/HEAD"));
    assert.equal(gitHeadOf(root), undefined, target);
  }
});
