import assert from "node:assert/strict";
import { test } from "node:test";
import type { Executor, RunJob } from "../exec/run-job.ts";
import { VertexPool, type RunOperation, type Vertex } from "../graph/vertex.ts";
import { createSandboxes } from "./sandboxes.ts";

/** A chain of RUNs on an empty root, the last one first. */
function chainOfRuns(count: number): Vertex[] {
  const pool = new VertexPool();
  const vertices: Vertex[] = [];
  for (let index = 0; index < count; index += 1) {
    const operation = { kind: "run", args: [String(index)] } as unknown as RunOperation;
    vertices.unshift(pool.add(operation, [vertices[0]], { name: `RUN ${index}`, ignoreCache: false, slot: "" }));
  }
  return vertices;
}

function recordingExecutor(): { executor: Executor; calls: string[] } {
  const calls: string[] = [];
  const executor: Executor = {
    runtime: "recording",
    run: async ({ args }) => {
      calls.push(`run ${args.join(" ")}`);
      return { exitCode: 0 };
    },
    warm: (count, _, emulated) => void calls.push(`warm ${count}${emulated ? " emulated" : ""}`),
    [Symbol.asyncDispose]: async () => void calls.push("disposed"),
  };
  return { executor, calls };
}

const job = (vertex: Vertex): RunJob => ({ args: (vertex.operation as RunOperation).args }) as unknown as RunJob;

test("the first sandbox is started when work is expected, the next ones while a command runs", async () => {
  const [last, first] = chainOfRuns(2);
  const { executor, calls } = recordingExecutor();
  {
    await using sandboxes = createSandboxes(async () => executor);
    sandboxes.plan(last);
    await sandboxes.expect();
    await sandboxes.run(first!, job(first!), {});
    await sandboxes.run(last!, job(last!), {});
  }
  assert.deepEqual(calls, ["warm 1", "run 0", "warm 1", "run 1", "warm 0", "disposed"]);
});

test("commands that the cache answers have no sandbox started for them", async () => {
  const [last, first] = chainOfRuns(2);
  const { executor, calls } = recordingExecutor();
  {
    await using sandboxes = createSandboxes(async () => executor);
    sandboxes.plan(last);
    sandboxes.settled(last!);
    await sandboxes.run(first!, job(first!), {});
  }
  assert.deepEqual(calls, ["run 0", "warm 0", "disposed"]);
});

test("a build without commands makes no executor", async () => {
  const { executor, calls } = recordingExecutor();
  {
    await using sandboxes = createSandboxes(async () => executor);
    sandboxes.plan(undefined);
    await sandboxes.expect();
  }
  assert.deepEqual(calls, []);
});

test("an executor that cannot be made is told to who runs a command, not to who expects one", async () => {
  const [only] = chainOfRuns(1);
  await using sandboxes = createSandboxes(() => Promise.reject(new Error("no runtime")));
  sandboxes.plan(only);
  await sandboxes.expect();
  await assert.rejects(sandboxes.run(only!, job(only!), {}), /no runtime/);
});

test("a sandbox that is started before it is known what is built serves the first command", async () => {
  const [only] = chainOfRuns(1);
  const { executor, calls } = recordingExecutor();
  {
    await using sandboxes = createSandboxes(async () => executor);
    await sandboxes.expect();
    sandboxes.plan(only);
    await sandboxes.expect();
    await sandboxes.run(only!, job(only!), {});
  }
  assert.deepEqual(calls, ["warm 1", "run 0", "warm 0", "disposed"]);
});

test("sandboxes for emulated commands are counted apart", async () => {
  const pool = new VertexPool();
  const run = (architecture: string, below?: Vertex): Vertex => pool.add(
    { kind: "run", args: [architecture], platform: { os: "linux", architecture } } as unknown as RunOperation, [below], { name: `RUN ${architecture}`, ignoreCache: false, slot: "" },
  );
  const foreign = run("s390x");
  const own = run("amd64", foreign);
  const last = run("s390x", own);
  const { executor, calls } = recordingExecutor();
  {
    await using sandboxes = createSandboxes(async () => executor, ({ architecture }) => architecture === "s390x");
    sandboxes.plan(foreign);
    await sandboxes.expect();
    sandboxes.plan(last);
    for (const vertex of [foreign, own, last]) await sandboxes.run(vertex, job(vertex), {});
  }
  assert.deepEqual(calls, ["warm 1 emulated", "run s390x", "warm 1", "warm 1 emulated", "run amd64", "warm 0", "warm 1 emulated", "run s390x", "warm 0", "warm 0 emulated", "disposed"]);
});
