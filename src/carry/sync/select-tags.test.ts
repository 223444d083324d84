import assert from "node:assert/strict";
import { test } from "node:test";
import { selectTags } from "./select-tags.ts";

const tags = ["latest", "edge", "3", "3.18", "3.19.1", "3.20.0", "3.20.1", "4.0.0-rc.1", "3.20.1-debug", `sha256-${"a".repeat(64)}`, `sha256-${"b".repeat(64)}.sig`];
const wanted = (choice: Parameters<typeof selectTags>[1]): readonly string[] => selectTags(tags, choice).wanted;

test("all tags are wanted unless the file says which, and never those that belong to a manifest", () => {
  assert.deepEqual(wanted({}), ["4.0.0-rc.1", "3.20.1", "3.20.1-debug", "3.20.0", "3.19.1", "3.18", "3", "edge", "latest"]);
});

test("patterns and ranges add up, exclusions take away, each with its reason", () => {
  assert.deepEqual(wanted({ tags: ["3.2*"] }), ["3.20.1", "3.20.1-debug", "3.20.0"]);
  assert.deepEqual(wanted({ semver: ">=3.19" }), ["3.20.1", "3.20.0", "3.19.1"]);
  const { wanted: both, left } = selectTags(tags, { tags: ["latest", "*debug"], semver: ">=3.19", exclude: ["3.19*"] });
  assert.deepEqual(both, ["3.20.1", "3.20.1-debug", "3.20.0", "latest"]);
  assert.equal(left.get("3.19.1"), "excluded by 3.19*");
  assert.equal(left.get("edge"), "matches no pattern and is not in >=3.19");
  const named = selectTags(tags, { tags: ["latest"] });
  assert.deepEqual([named.wanted, named.left.get("edge")], [["latest"], "is not named"]);
});

test("the newest versions are counted among those that are left; words and tags named in full are not", () => {
  assert.deepEqual(wanted({ semver: "3", latest: 2 }), ["3.20.1", "3.20.0"]);
  assert.deepEqual(wanted({ tags: ["latest", "3.18"], semver: "3", latest: 1 }), ["3.20.1", "3.18", "latest"]);
  assert.equal(selectTags(tags, { semver: "3", latest: 2 }).left.get("3.19.1"), "older than the newest 2");
});
