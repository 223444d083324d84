import type { RestartPolicy } from "../store/container-record.ts";

/** Milliseconds: before the first new start, at most before one, and how long a container has to run for the first again. */
const [FIRST, LONGEST, SOUND] = [100, 60_000, 10_000];

/** Whether a container that has ended by itself is started again. @param restarts how often it was already */
export function startsAgain({ name, retries }: RestartPolicy, { exitCode, restarts }: { exitCode: number; restarts: number }): boolean {
  if (name === "on-failure") return exitCode !== 0 && (retries === 0 || restarts < retries);
  return name !== "no";
}

/** Milliseconds to wait before the next start, as docker does it: twice as long each time for one that does not run for long. */
export function pauseBefore(last: number, ranFor: number): number {
  return last === 0 || ranFor >= SOUND ? FIRST : Math.min(last * 2, LONGEST);
}
