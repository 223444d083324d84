import assert from "node:assert/strict";
import { test } from "node:test";
import { byVersion, inRange, isRange, tagVersion } from "./tag-version.ts";

test("versions are found in tags as people write them", () => {
  for (const [tag, version] of [["1", "1.0.0"], ["v1.27", "1.27.0"], ["3.20.1", "3.20.1"], ["3.20-alpine3.19", "3.20.0-alpine3.19"], ["1.2.3.4", "1.2.3-4"], ["2024.01.05", "2024.1.5"], ["1.0.0-rc.01", "1.0.0-rc.1"]] as const) {
    assert.equal(tagVersion(tag)?.version, version, tag);
  }
  for (const tag of ["latest", "alpine", "v", "20240105120000", "1.x", "sha256-abc", "1a"]) assert.equal(tagVersion(tag), undefined, tag);
});

test("the newest version stands first, a release before its candidates, words behind", () => {
  const sorted = ["1.9", "1.10", "2.0.0-rc.1", "2.0.0", "v1.10.1", "edge", "1.10-alpine", "beta"].sort(byVersion);
  assert.deepEqual(sorted, ["2.0.0", "2.0.0-rc.1", "v1.10.1", "1.10", "1.10-alpine", "1.9", "beta", "edge"]);
});

test("ranges take releases, and prereleases only where they name one", () => {
  const tags = ["1.26.9", "1.27", "v1.27.3", "1.28.0-rc.1", "1.27-alpine", "2.0.0", "latest"];
  assert.deepEqual(tags.filter((tag) => inRange(tag, "^1.27")), ["1.27", "v1.27.3"]);
  assert.deepEqual(tags.filter((tag) => inRange(tag, ">=1.28.0-rc.0 <2")), ["1.28.0-rc.1"]);
  assert.equal(isRange(">=1 <2 || 3.x"), true);
  assert.equal(isRange("newest"), false);
});
