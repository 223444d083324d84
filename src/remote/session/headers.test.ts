import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetadata } from "./headers.ts";

test("metadata keeps values apart that contain commas, and decodes where it is said so", () => {
  const metadata = readMetadata([
    ":path", "/x", "followpaths", "a, b", "FollowPaths", "c", "exclude-patterns", "%C3%A4+b", "exclude-patterns-encoded", "1", "dir-name", "%zz", "dir-name-encoded", "true",
  ]);
  assert.deepEqual(metadata.get("followpaths"), ["a, b", "c"]);
  assert.deepEqual(metadata.get("exclude-patterns"), ["ä b"]);
  assert.deepEqual(metadata.get("dir-name"), ["%zz"]);
  assert.equal(metadata.get("include-patterns"), undefined);
});
