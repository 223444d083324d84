/** How far back is looked, in milliseconds: a longer time would not follow the network, a shorter one would jump. */
const WINDOW = 4_000;

/** How fast the amounts of several transfers grow. */
export class TransferRates {
  readonly #samples = new Map<string, { time: number; current: number }[]>();

  /** Takes note of an amount in bytes at a time in milliseconds. */
  add(key: string, current: number, time: number): void {
    let samples = this.#samples.get(key) ?? [];
    // What falls back is sent again, so what came before says nothing.
    if (samples.length > 0 && current < samples.at(-1)!.current) samples = [];
    samples.push({ time, current });
    // The last one before the window stays, so that a slow transfer has a rate too.
    while (samples.length > 2 && samples[1]!.time <= time - WINDOW) samples.shift();
    this.#samples.set(key, samples);
  }

  /** Bytes per second; undefined as long as nothing can be said. */
  perSecond(key: string): number | undefined {
    const samples = this.#samples.get(key) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.time - first.time < 50) return undefined;
    return ((last.current - first.current) * 1000) / (last.time - first.time);
  }
}

/** `8s`, `3m20s`, `2h05m`: what is left at that rate; nothing when that cannot be said. */
export function timeLeft(bytes: number, perSecond: number | undefined): string | undefined {
  if (perSecond === undefined || perSecond <= 0) return undefined;
  const seconds = Math.ceil(bytes / perSecond);
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}s`;
  if (seconds < 100 * 3600) return `${Math.floor(seconds / 3600)}h${pad(Math.floor((seconds % 3600) / 60))}m`;
  return undefined;
}
