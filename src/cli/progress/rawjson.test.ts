import assert from "node:assert/strict";
import { test } from "node:test";
import { solveStatus } from "./rawjson.ts";

const digest = `sha256:${"a".repeat(64)}`;

test("events become lines of BuildKit's SolveStatus", () => {
  assert.deepEqual(solveStatus({ type: "step", id: digest, name: "A", inputs: [digest], started: 1_767_225_600_000, completed: 1_767_225_601_250.5, cached: true }), {
    vertexes: [{ digest, inputs: [digest], name: "A", started: "2026-01-01T00:00:00Z", completed: "2026-01-01T00:00:01.2505Z", cached: true }],
  });
  assert.deepEqual(solveStatus({ type: "log", id: digest, stream: "stderr", data: new TextEncoder().encode("hi\n"), time: 1_767_225_600_001 }), {
    logs: [{ vertex: digest, stream: 2, data: "aGkK", timestamp: "2026-01-01T00:00:00.001Z" }],
  });
  assert.deepEqual(solveStatus({ type: "transfer", id: digest, key: "k", action: "pulling", current: 1, total: 2, started: 1_767_225_600_000, completed: 1_767_225_600_000 }), {
    statuses: [{ id: "k", vertex: digest, name: "pulling", total: 2, current: 1, timestamp: "2026-01-01T00:00:00Z", started: "2026-01-01T00:00:00Z", completed: "2026-01-01T00:00:00Z" }],
  });
  assert.deepEqual(solveStatus({ type: "warning", message: "careful" }), { warnings: [{ level: 1, short: "Y2FyZWZ1bA==" }] });
});

test("a step whose id is no digest gets one, always the same", () => {
  const of = (id: string): string => (solveStatus({ type: "step", id, name: id }) as { vertexes: { digest: string }[] }).vertexes[0]!.digest;
  assert.match(of("context"), /^sha256:[a-f0-9]{64}$/);
  assert.equal(of("context"), of("context"));
  assert.notEqual(of("context"), of("other"));
});
