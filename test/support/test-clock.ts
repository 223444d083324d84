import type { RetryClock } from "../../src/registry/transport/retry.ts";

/** A clock that stands still until somebody sleeps, and then jumps; it remembers for how long. */
export interface TestClock extends RetryClock {
  readonly slept: number[];
  advance(milliseconds: number): void;
}

export function createTestClock(): TestClock {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const slept: number[] = [];
  return {
    slept,
    now: () => time,
    random: () => 1,
    advance: (milliseconds) => void (time += milliseconds),
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      slept.push(milliseconds);
      time += milliseconds;
    },
  };
}
