import assert from "node:assert/strict";
import { test } from "node:test";
import { booleanFlag, listFlag, parseFlags, textFlag } from "./flags.ts";

const KNOWN = { link: "boolean", chown: "text", exclude: "list" } as const;

test("texts need a value, booleans may have one, lists may come again", () => {
  const flags = parseFlags(["--link", "--chown=1:2=3", "--exclude=a", "--exclude="], KNOWN);
  assert.equal(booleanFlag(flags, "link"), true);
  assert.equal(textFlag(flags, "chown"), "1:2=3");
  assert.deepEqual(listFlag(flags, "exclude"), ["a", ""]);
});

test("flags that were not given have no value, and an empty text counts as not given", () => {
  const flags = parseFlags(["--chown="], KNOWN);
  assert.deepEqual([booleanFlag(flags, "link"), textFlag(flags, "chown"), listFlag(flags, "exclude")], [undefined, undefined, []]);
});

test("booleans are true and false in any case", () => {
  assert.equal(booleanFlag(parseFlags(["--link=FALSE"], KNOWN), "link"), false);
  assert.equal(booleanFlag(parseFlags(["--link=True"], KNOWN), "link"), true);
});

test("wrong flags are refused with BuildKit's words", () => {
  const refused = (words: string[], message: string): void => assert.throws(() => parseFlags(words, KNOWN), { code: "DOCKERFILE_FLAG", message });
  refused(["--chwon=a"], "unknown flag: --chwon (did you mean chown?)");
  refused(["--platform=a"], "unknown flag: --platform");
  refused(["--toString"], "unknown flag: --toString");
  refused(["--chown=a", "--chown=a"], "duplicate flag specified: --chown");
  refused(["--chown"], "missing a value on flag: --chown");
  refused(["--exclude"], "missing a value on flag: --exclude");
  refused(["--link="], "missing a value on flag: --link");
  refused(["--link=yes"], "expecting boolean value for flag --link, not: yes");
});
