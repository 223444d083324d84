import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "../std/fault.ts";
import { hideLogin, isGitUrl, parseGitUrl } from "./git-url.ts";

test("git repositories are told from files and other URLs", () => {
  for (const url of ["https://h/a.git", "http://h/a.git#main", "https://h/a.git?ref=x", "git://h/a", "ssh://git@h/a", "git@h:a/b", "me@h:a.git#main:sub"]) assert.ok(isGitUrl(url), url);
  for (const text of ["a.git", "./a.git", "https://h/a.git/x", "https://h/a.tar.gz", "https://me@h:443/a", "https://h/x?y=a.git", "github.com/a/b", "@h:a"]) assert.ok(!isGitUrl(text), text);
});

test("fragment and query say which ref and folder are meant", () => {
  assert.deepEqual(parseGitUrl("https://h/a.git"), { remote: "https://h/a.git" });
  assert.deepEqual(parseGitUrl("https://h/a.git#v1:sub/../x//y/"), { remote: "https://h/a.git", ref: "v1", subdir: "x/y" });
  assert.deepEqual(parseGitUrl("git@h:a/b.git#:sub"), { remote: "git@h:a/b.git", subdir: "sub" });
  assert.deepEqual(parseGitUrl("https://h/a.git?tag=v1&checksum=abc&submodules=false&keep-git-dir&mtime=commit"), {
    remote: "https://h/a.git", ref: "refs/tags/v1", checksum: "abc", submodules: false, keepGitDir: true, mtime: "commit",
  });
  assert.deepEqual(parseGitUrl("https://h/a.git?ref=x#x"), { remote: "https://h/a.git", ref: "x" });
  assert.equal(parseGitUrl("https://h/a.git?subdir=../../etc").subdir, "etc");
});

test("what git could take for an option or a command is refused", () => {
  for (const url of [
    "https://h/a.git#-x", "https://h/a.git?branch=-x\u0000", "https://h/a.git#a..b", "https://h/a.git#a b", "ssh://-oProxyCommand=x/a",
    "git@-oProxyCommand:a", "git@h:--upload-pack=x", "ssh://-l@h/a", "https://h/a\n.git", "https://h/a.git?ref=a@{1}", "https://h/a.git?ref=*",
  ]) {
    assert.throws(() => parseGitUrl(url), (error) => isFault(error, "GIT_URL_INVALID"), url);
  }
});

test("a login does not show", () => {
  assert.equal(hideLogin("ADD https://me:secret@h/a x https://token@h/b"), "ADD https://xxxxx:xxxxx@h/a x https://xxxxx:xxxxx@h/b");
  assert.equal(hideLogin("https://h/a@b?c@d"), "https://h/a@b?c@d");
});
