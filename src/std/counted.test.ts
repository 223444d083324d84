import assert from "node:assert/strict";
import { test } from "node:test";
import { counted } from "./counted.ts";

test("one is one, and all other numbers are many", () => {
  assert.deepEqual([counted(0, "blob"), counted(1, "blob"), counted(2, "blob"), counted(1, "repository", "repositories"), counted(0, "repository", "repositories")], ["0 blobs", "1 blob", "2 blobs", "1 repository", "0 repositories"]);
});
