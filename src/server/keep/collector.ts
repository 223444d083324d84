import type { RegistryStorage } from "../storage/storage.ts";
import { collectGarbage, type Garbage } from "./collect-garbage.ts";
import { every } from "./every.ts";

/** Collects now and then, while the server runs. */
export interface Collector extends AsyncDisposable {
  /** Once, now; waits for a collection that runs already. */
  run(): Promise<Garbage>;
}

/** @param options `interval` in milliseconds between two collections, 0 for none of its own accord */
export function startCollector(
  storage: RegistryStorage,
  options: { interval: number; grace: number; untagged: boolean; report: (problem: Error) => void; onCollected?: (garbage: Garbage) => void },
): Collector {
  const stop = new AbortController();
  let running: Promise<Garbage> | undefined;
  const collect = async (): Promise<Garbage> => {
    const garbage = await collectGarbage(storage, { ...options, signal: stop.signal });
    options.onCollected?.(garbage);
    return garbage;
  };
  const run = (): Promise<Garbage> => (running ??= collect().finally(() => (running = undefined)));
  const timer = every(options.interval, run, (problem) => {
    if (!stop.signal.aborted) options.report(problem);
  });
  return {
    run,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await running?.catch(() => undefined);
    },
  };
}
