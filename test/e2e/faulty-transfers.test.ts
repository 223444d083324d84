import assert from "node:assert/strict";
import { test } from "node:test";
import { Semaphore } from "../../src/std/semaphore.ts";
import { faultyRun, type RunReport } from "../support/fault-proxy/faulty-run.ts";
import { scratchRegistry } from "../support/scratch-registry.ts";

/**
 * SAMPAN_FAULTY_RUNS says how many runs, SAMPAN_FAULTY_SEED where they begin: one that failed is repeated with its seed
 * and one run.
 */
const runs = Number(process.env["SAMPAN_FAULTY_RUNS"] ?? 200);
const first = Number(process.env["SAMPAN_FAULTY_SEED"] ?? Math.floor(Math.random() * 1_000_000));

test("over a line with faults every push, pull and copy ends complete and verified, or with a fault", async (context) => {
  const registry = await scratchRegistry(context);
  context.diagnostic(`${runs} runs from seed ${first} on (SAMPAN_FAULTY_RUNS, SAMPAN_FAULTY_SEED)`);
  const atOnce = new Semaphore(6);
  const failures: string[] = [];
  const reports: RunReport[] = [];
  await Promise.all(Array.from({ length: runs }, (_, number) => atOnce.run(async () => {
    const seed = first + number;
    if (failures.length > 0) return; // one is enough, and one that hangs takes its time
    try {
      reports.push(await faultyRun(seed, registry.address));
    } catch (error) {
      failures.push(`seed ${seed}: ${(error as Error).stack}`);
    }
  })));
  context.diagnostic(`ends: ${counted(reports.map(({ mode, end }) => `${mode} ${end}`))}`);
  context.diagnostic(`faults on the line: ${counted(reports.flatMap(({ faults }) => faults))}`);
  assert.deepEqual(failures, []);
  assert.deepEqual(registry.problems, [], "the registry itself had no trouble");
  if (runs >= 100) {
    for (const mode of ["push", "pull", "stream", "copy"]) {
      assert.ok(reports.some((report) => report.mode === mode && report.end === "complete" && report.faults.length > 0), `a ${mode} that came through`);
      assert.ok(reports.some((report) => report.mode === mode && report.end !== "complete"), `a ${mode} that did not`);
    }
  }
});

function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([word, count]) => `${count} × ${word}`).join(", ");
}
