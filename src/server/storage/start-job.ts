import { pause } from "../terms/pause.ts";
import type { LockName, Locks } from "./locks.ts";

/** How often a server asks whether another one has stopped, in milliseconds. */
const TURN = 5000;

/**
 * Work that goes on until its signal ends it, which one of all servers with the same records does; when that one is gone, another one goes on.
 * Disposing it waits for the end.
 */
export function startJob(name: LockName, locks: Pick<Locks, "tryLock">, work: (signal: AbortSignal) => Promise<void>, report: (problem: Error) => void): AsyncDisposable {
  const stop = new AbortController();
  const takeTurns = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await using lock = await locks.tryLock(name);
        if (lock) await work(AbortSignal.any([stop.signal, lock.lost]));
      } catch (error) {
        report(error as Error);
      }
      await pause(TURN, stop.signal);
    }
  };
  const running = takeTurns();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the registry is being stopped"));
      await running;
    },
  };
}
