import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digest } from "./digest.ts";
import { referrersTag } from "./referrers-tag.ts";

test("the tag of a digest's referrers is the digest with a hyphen, cut to the spec's lengths", () => {
  assert.equal(referrersTag(`sha256:${"ab".repeat(32)}`), `sha256-${"ab".repeat(32)}`);
  assert.equal(referrersTag(`sha512:${"cd".repeat(64)}` as Digest), `sha512-${"cd".repeat(32)}`);
});
