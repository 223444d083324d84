import { archiveEvents, type ArchiveOptions } from "../audit/archive-events.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import { collectGarbage, type Alone, type Garbage } from "./collect-garbage.ts";
import { every } from "../terms/every.ts";

/** How often the whole place is searched, in milliseconds: that reads a list of all objects, and seldom finds something. */
const STRAYS = 24 * 3_600_000;

/**
 * Collects now and then, while the server runs.
 * @param options `interval` in milliseconds between two collections, 0 for none of its own accord
 * @returns how to end it; waits for a collection that runs
 */
export function startCollector(
  storage: RegistryStorage,
  options: { interval: number; grace: number; untagged: boolean; archive: ArchiveOptions; alone: Alone; report: (problem: Error) => void; onCollected: (garbage: Garbage) => void },
): AsyncDisposable {
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const { signal } = stop;
  let searched = 0;
  const collect = async (): Promise<void> => {
    const strays = Date.now() - searched >= STRAYS;
    options.onCollected(await collectGarbage(storage, { ...options, strays, signal }));
    if (strays) searched = Date.now();
    await options.alone(() => archiveEvents(storage.metadata, { ...options.archive, signal }));
  };
  const timer = every(options.interval, () => (running = collect()), (problem) => {
    if (!stop.signal.aborted) options.report(problem);
  });
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stop.abort();
      await running?.catch(() => undefined);
    },
  };
}
