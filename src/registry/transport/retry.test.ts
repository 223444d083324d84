import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isRetryableStatus, parseRetryAfter, retryDelay, RETRY_POLICY, systemClock } from "./retry.ts";

const clock = (random: number) => ({ ...systemClock, now: () => Date.parse("2026-01-01T00:00:00Z"), random: () => random });

test("pauses double, spread between half and whole by chance, up to the longest", () => {
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0)), 200);
  assert.equal(retryDelay(1, RETRY_POLICY, clock(1)), 400);
  assert.equal(retryDelay(3, RETRY_POLICY, clock(1)), 1600);
  assert.equal(retryDelay(50, { ...RETRY_POLICY, attempts: 99 }, clock(1)), RETRY_POLICY.longest);
});

test("after the last attempt there is no further one", () => {
  assert.equal(retryDelay(RETRY_POLICY.attempts, RETRY_POLICY, clock(0)), undefined);
});

test("Retry-After in seconds or as a date wins over the computed pause", () => {
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "7"), 7_000);
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "Thu, 01 Jan 2026 00:00:30 GMT"), 30_000);
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "Wed, 31 Dec 2025 00:00:30 GMT"), 200);
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "0"), 200);
});

test("a Retry-After beyond the ceiling is not waited for, and one that is no time is passed over", () => {
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "3600"), undefined);
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "soon"), 200);
  assert.equal(retryDelay(1, RETRY_POLICY, clock(0), "-5"), 200);
});

test("timeouts, limits and the server's own failures are worth another try, refusals are not", () => {
  for (const status of [408, 429, 499, 500, 502, 503, 504, 522]) assert.ok(isRetryableStatus(status), String(status));
  for (const status of [200, 400, 401, 403, 404, 405, 413, 416, 501]) assert.ok(!isRetryableStatus(status), String(status));
});

test("any header gives no time or one that is not negative", () => {
  fc.assert(fc.property(fc.string(), (text) => (parseRetryAfter(text, 0) ?? 0) >= 0));
});
