import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordedSteps } from "./recorded-steps.ts";

const log = (id: string, data: Uint8Array, time = 1) => ({ type: "log", id, stream: "stdout", data, time }) as const;

test("steps are counted and kept with their logs", () => {
  const steps = new RecordedSteps();
  steps.add({ type: "step", id: "a", name: "FROM x", cached: true });
  steps.add({ type: "step", id: "b", name: "RUN y", started: 10 });
  steps.add(log("b", Buffer.from("hi")));
  steps.add({ type: "step", id: "b", name: "RUN y", completed: 20, error: "no" });
  steps.add({ type: "step", id: "c", name: "RUN z", started: 20 });
  assert.deepEqual(steps.counts(), { total: 3, completed: 2, cached: 1 });
  assert.equal(steps.takeChanged(), true);
  assert.equal(steps.takeChanged(), false);
  assert.deepEqual(steps.list()[0], { id: "b", name: "RUN y", started: 10, completed: 20, cached: undefined, error: "no", log: [{ time: 1, stream: "stdout", data: "aGk=" }] });
});

test("logs are bounded: of each step, and of all, the last lines stay", () => {
  const steps = new RecordedSteps();
  for (const id of ["a", "b", "c", "d", "e", "f"]) {
    for (let piece = 0; piece < 40; piece += 1) steps.add(log(id, Buffer.alloc(10_000, String(piece % 10)), piece));
  }
  steps.add(log("huge", Buffer.concat([Buffer.alloc(1_000_000, "x"), Buffer.from("end")])));
  const sizes = steps.list().map((step) => step.log.reduce((sum, { data }) => sum + Buffer.from(data, "base64").length, 0));
  assert.ok(sizes.every((size) => size <= 256 * 1024), sizes.join());
  assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 1024 * 1024);
  const [first] = steps.list();
  assert.equal(first!.log.at(-1)!.time, 39);
  assert.equal(sizes[0]! + first!.dropped!, 400_000);
  assert.match(Buffer.from(steps.list().at(-1)!.log.at(-1)!.data, "base64").toString(), /^x+end$/);
});
