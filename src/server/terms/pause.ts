import { setTimeout as wait } from "node:timers/promises";

/** Ends early, and without an error, when the signal says so; keeps no process alive. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}

/** Between two attempts, in milliseconds. */
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 5 * 60_000;

/** How long to wait after so many attempts: doubled each time, and up to a half less, so that servers do not come all at once. */
export function waitAfter(attempt: number): number {
  return Math.min(FIRST_WAIT * 2 ** (attempt - 1), LONGEST_WAIT) * (1 - Math.random() / 2);
}
