import { readFileSync } from "node:fs";

const EVERY_MS = 50;

/**
 * Watches the resident memory of a process and all that it started. Each sample adds up what there is at that time;
 * a page that several processes share, such as the program itself, counts once (its "proportional" size).
 */
export class MemorySampler {
  /** MiB. */
  peak = 0;
  #root: number | undefined;
  readonly #timer = setInterval(() => this.#sample(), EVERY_MS);

  watch(pid: number): void {
    this.#root = pid;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    if (this.#root !== undefined) this.peak = Math.max(this.peak, residentTree(this.#root) / 1024);
  }
}

/** KiB of a process and its descendants. */
function residentTree(pid: number): number {
  let sum = 0;
  for (const pending = [pid]; pending.length > 0; ) {
    const next = pending.pop()!;
    try {
      sum += Number(/^Pss:\s*(\d+)/m.exec(readFileSync(`/proc/${next}/smaps_rollup`, "utf8"))?.[1] ?? 0);
      // Children are listed with the thread that started them; Node starts all from its main thread.
      pending.push(...readFileSync(`/proc/${next}/task/${next}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number));
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}
