import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestTags } from "./nearest-tags.ts";

test("the tags that may have been meant come first: another v or case, other parts of a version, then typing mistakes", () => {
  const tags = ["latest", "1.2", "1.2.3", "1.2.4-alpine", "v2.0", "2.1", "3.10", "3.11", "stable"];
  assert.deepEqual(nearestTags("2.0", tags), ["v2.0", "2.1"]);
  assert.deepEqual(nearestTags("Latest", tags), ["latest"]);
  assert.deepEqual(nearestTags("1.2.4", tags)[0], "1.2");
  assert.deepEqual(nearestTags("lastest", tags), ["latest"]);
  assert.deepEqual(nearestTags("3.12", tags).slice(0, 2), ["3.11", "3.10"], "of the same distance the newest");
});

test("nothing near is nothing", () => {
  assert.deepEqual(nearestTags("feature-login", ["latest", "1.0"]), []);
  assert.deepEqual(nearestTags("a", []), []);
});
