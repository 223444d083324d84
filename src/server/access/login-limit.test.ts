import assert from "node:assert/strict";
import { test } from "node:test";
import { createLoginLimit } from "./login-limit.ts";

test("after so many failures it is waited, and then counted anew", () => {
  let now = 0;
  const limit = createLoginLimit({ failures: 2, within: 10_000 }, () => now);
  limit.began("a");
  assert.equal(limit.wait("a"), 0);
  now = 4000;
  limit.began("a");
  assert.deepEqual([limit.wait("a"), limit.wait("b")], [6, 0]);
  now = 10_000;
  assert.equal(limit.wait("a"), 0);
  limit.began("a");
  limit.succeeded("a");
  limit.began("a");
  assert.equal(limit.wait("a"), 0);
});

test("0 failures are no limit", () => {
  const limit = createLoginLimit({ failures: 0, within: 1000 });
  for (let index = 0; index < 5; index += 1) limit.began("a");
  assert.equal(limit.wait("a"), 0);
});

test("one that succeeded is taken back, and others stay counted", () => {
  const limit = createLoginLimit({ failures: 2, within: 1000 }, () => 0);
  limit.began("a");
  limit.began("a");
  assert.equal(limit.wait("a"), 1);
  limit.takeBack("a");
  assert.equal(limit.wait("a"), 0);
  limit.began("a");
  assert.equal(limit.wait("a"), 1);
});

test("what is over is swept out when something new comes, and there are never too many", () => {
  let now = 0;
  const limit = createLoginLimit({ failures: 2, within: 1000, remembered: 100 }, () => now);
  for (let index = 0; index < 150; index += 1) limit.began(`user ${index}`);
  assert.equal(limit.size, 100);
  now = 1000;
  limit.began("another");
  assert.equal(limit.size, 1);
});
