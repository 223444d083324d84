import { CleanupStack } from "../std/cleanup-stack.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import { cacheExports, type CacheExports } from "./request/cache-exports.ts";
import { cacheImports } from "./request/cache-imports.ts";
import { prepareInputs, type Inputs } from "./request/inputs.ts";
import { prepareResults, type Results } from "./results.ts";
import type { WorkerBuild } from "./worker-build.ts";

/** One of several things to build on a worker. */
export interface WorkerTarget {
  /** Stands in the names of steps; absent where there is one target only. */
  readonly name?: string;
  readonly build: WorkerBuild;
  /** Other targets that FROM and --from may name: the name there, and the target's own. */
  readonly linked?: ReadonlyMap<string, string>;
  /** Nobody wants its result but other targets. */
  readonly inner?: boolean;
}

/** A target with all that a request says of it and that is served for it. */
export interface PreparedTarget {
  readonly target: WorkerTarget;
  readonly inputs: Inputs;
  readonly caches: ReturnType<typeof cacheImports>;
  readonly exports: CacheExports;
  readonly results: Results;
}

/** Finds what the targets are built of, before a worker is called. @throws the faults of {@link prepareInputs} */
export async function prepareTargets(targets: readonly WorkerTarget[], { store, onProgress, signal }: { store: () => Promise<Store>; onProgress: OnProgress; signal: AbortSignal }): Promise<Disposable & { readonly targets: readonly PreparedTarget[] }> {
  using stack = new CleanupStack();
  const prepared: PreparedTarget[] = [];
  for (const target of targets) {
    const inputs = stack.use(await prepareInputs(target.build, signal));
    prepared.push({ target, inputs, caches: cacheImports(target.build, onProgress), exports: await cacheExports(target.build, signal), results: prepareResults(target.build, { store, signal }) });
  }
  const kept = stack.move();
  return { targets: prepared, [Symbol.dispose]: () => kept[Symbol.dispose]() };
}
