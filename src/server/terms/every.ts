/** The longest time of a timer. */
const LONGEST = 2 ** 31 - 1;

/** Does work every `interval` milliseconds, 0 for never, one at a time, without keeping the process alive. */
export function every(interval: number, work: () => Promise<unknown>, report: (problem: Error) => void): NodeJS.Timeout | undefined {
  if (interval === 0) return undefined;
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    work().catch(report).finally(() => (busy = false));
  }, Math.min(interval, LONGEST)).unref();
}
