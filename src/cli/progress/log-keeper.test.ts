import assert from "node:assert/strict";
import { test } from "node:test";
import { LogKeeper } from "./log-keeper.ts";

function written(keeper: LogKeeper): string {
  const chunks: Uint8Array[] = [];
  keeper.writeFailed({ write: (data) => chunks.push(typeof data === "string" ? Buffer.from(data) : data) });
  return Buffer.concat(chunks).toString();
}

test("the log of the failed step is written whole, that of others not at all", () => {
  using keeper = new LogKeeper();
  for (const id of ["a", "b", "c"]) keeper.add({ type: "step", id, name: `step ${id}`, started: 0 });
  for (const id of ["a", "b", "c"]) keeper.add({ type: "log", id, stream: "stdout", data: new TextEncoder().encode(`log of ${id}`), time: 1 });
  keeper.add({ type: "step", id: "a", name: "step a", started: 0, completed: 2 });
  keeper.add({ type: "step", id: "b", name: "step b", started: 0, completed: 2, error: "exit code: 1" });
  assert.equal(written(keeper), "------\n > step b:\nlog of b\n------\n");
});

test("a log that is larger than what is kept in memory comes back byte by byte", () => {
  using keeper = new LogKeeper();
  keeper.add({ type: "step", id: "a", name: "A", started: 0 });
  const buffer = Buffer.alloc(100_000);
  let expected = "";
  for (let index = 0; index < 35; index += 1) {
    buffer.fill(97 + (index % 26));
    buffer[buffer.length - 1] = 10;
    expected += buffer.toString();
    keeper.add({ type: "log", id: "a", stream: "stdout", data: buffer, time: 1 });
  }
  keeper.add({ type: "step", id: "a", name: "A", started: 0, error: "x" });
  assert.equal(written(keeper), `------\n > A:\n${expected}------\n`);
});
