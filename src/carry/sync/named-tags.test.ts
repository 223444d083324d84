import assert from "node:assert/strict";
import { test } from "node:test";
import { namedTags } from "./named-tags.ts";

test("tags are named in full where no pattern and no range chooses among them; exclusions take away, each with its reason", () => {
  const { wanted, left } = namedTags({ tags: ["3", "latest", "edge", "3"], exclude: ["l*"], latest: 1 })!;
  assert.deepEqual([wanted, [...left]], [["3", "edge"], [["latest", "excluded by l*"]]]);
  for (const choice of [{}, { tags: ["3", "v*"] }, { tags: ["3", "[v]"] }, { tags: ["3"], semver: "3" }, { latest: 1 }]) assert.equal(namedTags(choice), undefined);
});
