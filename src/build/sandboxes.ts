import { availableParallelism } from "node:os";
import type { Vertex } from "../graph/vertex.ts";
import type { Executor, RunJob, RunOptions, RunResult } from "../exec/run-job.ts";

/** Runs the commands of a build; sandboxes for the next ones are started while other steps are being done. */
export interface Sandboxes extends AsyncDisposable {
  /** Commands will probably run: a sandbox is started for the first of them. Resolves when it is on its way. */
  expect(): Promise<void>;
  /** Says what is built as well (undefined: an image without steps), and so which commands there may be. */
  plan(target: Vertex | undefined): void;
  run(vertex: Vertex, job: RunJob, options: RunOptions): Promise<RunResult>;
  /** The vertex has its result, from a command or from the cache. */
  settled(vertex: Vertex): void;
}

/** @param start makes the executor, when something is expected or run for the first time */
export function createSandboxes(start: () => Promise<Executor>): Sandboxes {
  let waiting: Set<Vertex> | undefined;
  let executor: Promise<Executor> | undefined;
  const get = (): Promise<Executor> => (executor ??= start());
  return {
    expect: async () => {
      // Whoever runs a command is told what is wrong with the executor.
      if (executor === undefined && waiting?.size !== 0) await get().then((ready) => ready.warm?.(1), () => undefined);
    },
    plan: (target) => {
      waiting ??= new Set();
      for (const vertex of target ? runsOf(target) : []) waiting.add(vertex);
    },
    run: async (vertex, job, options) => {
      const ready = await get();
      waiting?.delete(vertex);
      const running = ready.run(job, options);
      const left = waiting?.size ?? 0;
      ready.warm?.(Math.min(left, availableParallelism()), left);
      return running;
    },
    settled: (vertex) => void waiting?.delete(vertex),
    [Symbol.asyncDispose]: async () => void (await (await executor?.catch(() => undefined))?.[Symbol.asyncDispose]()),
  };
}

function runsOf(target: Vertex): Vertex[] {
  const seen = new Set([target]);
  for (const vertex of seen) for (const input of vertex.inputs) if (input) seen.add(input);
  return [...seen].filter(({ operation }) => operation.kind === "run");
}
