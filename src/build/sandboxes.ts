import { availableParallelism } from "node:os";
import type { RunOperation, Vertex } from "../graph/vertex.ts";
import type { Platform } from "../oci/platform.ts";
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

/**
 * @param start makes the executor, when something is expected or run for the first time
 * @param isEmulatedApart whether commands of a platform need sandboxes of a kind of their own
 */
export function createSandboxes(start: () => Promise<Executor>, isEmulatedApart: (platform: Platform) => boolean = () => false): Sandboxes {
  let waiting: Set<Vertex> | undefined;
  /** Those of them that are emulated. */
  const emulated = new Set<Vertex>();
  let executor: Promise<Executor> | undefined;
  const get = (): Promise<Executor> => (executor ??= start());
  const settled = (vertex: Vertex): void => {
    waiting?.delete(vertex);
    emulated.delete(vertex);
  };
  return {
    expect: async () => {
      // Whoever runs a command is told what is wrong with the executor.
      if (executor !== undefined || waiting?.size === 0) return;
      await get().then((ready) => (emulated.size > 0 && emulated.size === waiting?.size ? ready.warm?.(1, emulated.size, true) : ready.warm?.(1)), () => undefined);
    },
    plan: (target) => {
      waiting ??= new Set();
      for (const vertex of target ? runsOf(target) : []) {
        waiting.add(vertex);
        if (isEmulatedApart((vertex.operation as RunOperation).platform)) emulated.add(vertex);
      }
    },
    run: async (vertex, job, options) => {
      const ready = await get();
      const wasEmulated = emulated.size > 0;
      settled(vertex);
      const running = ready.run(job, options);
      const left = (waiting?.size ?? 0) - emulated.size;
      ready.warm?.(Math.min(left, availableParallelism()), left);
      if (wasEmulated) ready.warm?.(Math.min(emulated.size, availableParallelism()), emulated.size, true);
      return running;
    },
    settled,
    [Symbol.asyncDispose]: async () => void (await (await executor?.catch(() => undefined))?.[Symbol.asyncDispose]()),
  };
}

function runsOf(target: Vertex): Vertex[] {
  const seen = new Set([target]);
  for (const vertex of seen) for (const input of vertex.inputs) if (input) seen.add(input);
  return [...seen].filter(({ operation }) => operation.kind === "run");
}
