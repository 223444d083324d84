import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { fault } from "../../std/fault.ts";
import type { RegistryError } from "../terms/registry-error.ts";
import { createUpstreamBreaker } from "./upstream-breaker.ts";

const down = fault("REGISTRY_UNREACHABLE", { host: "up.test", reason: "nobody is there" });
const failing = fault("REGISTRY_SERVER_ERROR", { host: "up.test", status: 500, request: "GET of x" });

function breakerOf(context: TestContext) {
  context.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const told: string[] = [];
  const breaker = createUpstreamBreaker("up.test", ({ message }) => told.push(message));
  /** Seconds that a client is told to wait; 0 when it is let through. */
  const admit = (): number => {
    try {
      breaker.admit();
      return 0;
    } catch (error) {
      return Number((error as RegistryError).headers["Retry-After"]);
    }
  };
  return { breaker, told, admit, pass: (seconds: number) => context.mock.timers.tick(seconds * 1000) };
}

test("pauses double while it stays down, up to a minute, and one request at a time finds out", (context) => {
  const { breaker, admit, pass, told } = breakerOf(context);
  const lengths: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    assert.equal(admit(), 0);
    if (round > 0) assert.deepEqual([admit(), breaker.paused], [1, true], "the others wait for the one that tries");
    lengths.push(breaker.failed(down, "a"));
    assert.equal(admit(), lengths.at(-1));
    pass(lengths.at(-1)!);
  }
  assert.deepEqual(lengths, [5, 10, 20, 40, 60, 60]);
  assert.equal(admit(), 0);
  breaker.answered();
  assert.deepEqual([admit(), admit(), breaker.failed(down, "a")], [0, 0, 5], "well again, it begins anew");
  assert.deepEqual([told.length, told.at(-2)], [8, "the registry up.test answers again"]);
  assert.deepEqual(breaker.status(), { host: "up.test", paused: true, failures: 7, pauses: 7, reason: down.message, until: new Date(Date.now() + 5000).toISOString() });
  pass(5);
  assert.deepEqual(breaker.status(), { host: "up.test", paused: false, failures: 7, pauses: 7 });
});

test("errors of a server pause it when there are three in a row of different things, and what it asks for itself at once", (context) => {
  const { breaker, admit, pass } = breakerOf(context);
  for (const [asked, error, paused] of [["a", failing, false], ["b", failing, false], ["c", undefined, false], ["a", failing, false], ["b", failing, false], ["b", failing, false], ["c", failing, true]] as const) {
    assert.equal(admit(), 0);
    if (error) breaker.failed(error, asked);
    else breaker.answered();
    assert.equal(breaker.paused, paused);
  }
  pass(5);
  assert.equal(admit(), 0);
  assert.equal(breaker.failed(failing, "a"), 10, "one more is enough while it was not well");
  pass(10);
  admit();
  assert.equal(breaker.failed(fault("REGISTRY_SERVER_ERROR", { host: "up.test", status: 503, request: "GET of x", retryAfterSeconds: 120 }), "a"), 120);
  pass(120);
  admit();
  assert.equal(breaker.failed(fault("REGISTRY_LIMIT", { host: "up.test", retryAfterSeconds: 9_999_999 }), "a"), 3600, "no answer keeps it away for ever");
});

test("one image that the upstream always fails with keeps nobody from the others, however often it is asked for", (context) => {
  const { breaker, admit } = breakerOf(context);
  for (let time = 0; time < 20; time += 1) assert.deepEqual([admit(), breaker.failed(failing, "the broken one"), breaker.paused], [0, 5, false]);
});

test("a try that came to nothing for reasons of this registry is followed by another one; late answers end no pause", (context) => {
  const { breaker, admit, pass } = breakerOf(context);
  breaker.failed(down, "a");
  breaker.answered();
  assert.equal(admit(), 5, "it was asked before it went down");
  assert.equal(breaker.failed(down, "a"), 5, "as were others, who say nothing new");
  pass(5);
  assert.deepEqual([admit(), admit()], [0, 1]);
  breaker.gaveUp();
  assert.equal(admit(), 0);
});
