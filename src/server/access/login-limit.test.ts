import assert from "node:assert/strict";
import { test } from "node:test";
import { createLoginLimit } from "./login-limit.ts";

test("after so many failures it is waited, and then counted anew", () => {
  let now = 0;
  const limit = createLoginLimit({ failures: 2, within: 10_000 }, () => now);
  limit.failed("a");
  assert.equal(limit.wait("a"), 0);
  now = 4000;
  limit.failed("a");
  assert.deepEqual([limit.wait("a"), limit.wait("b")], [6, 0]);
  now = 10_000;
  assert.equal(limit.wait("a"), 0);
  limit.failed("a");
  limit.succeeded("a");
  limit.failed("a");
  assert.equal(limit.wait("a"), 0);
});

test("0 failures are no limit", () => {
  const limit = createLoginLimit({ failures: 0, within: 1000 });
  for (let index = 0; index < 5; index += 1) limit.failed("a");
  assert.equal(limit.wait("a"), 0);
});
