import assert from "node:assert/strict";
import { test } from "node:test";
import { distributionWord, parseOsRelease } from "./distribution.ts";

test("os-release names the distribution, in quotes or without", () => {
  assert.deepEqual(parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'), { id: "debian", version: "12", name: "Debian GNU/Linux 12 (bookworm)" });
  assert.deepEqual(parseOsRelease("# a comment\n NAME = x\nID='wolfi'\nPRETTY_NAME=It\\'s\r\n"), { id: "wolfi", version: "", name: "It's" });
  assert.equal(distributionWord(parseOsRelease("ID=alpine\nVERSION_ID=3.20.1")!), "alpine-3.20.1");
  assert.equal(distributionWord(parseOsRelease("ID=arch")!), "arch");
});

test("what is none names none", () => {
  for (const text of ["", "NAME=x", "ID=", 'ID="', "ID=a b", "ID=../x", "\0"]) assert.equal(parseOsRelease(text), undefined, JSON.stringify(text));
});
