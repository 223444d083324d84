import { readFileSync } from "node:fs";

const EVERY_MS = 50;

/**
 * Watches the resident memory of a process and all that it started. Each sample adds up what there is at that time:
 * what each process has of its own, and once the most that one of them has of files, such as the program itself, which
 * they share. The kernel keeps these numbers ready (`statm`); to ask for exact shares stops the process for milliseconds.
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
    if (this.#root !== undefined) this.peak = Math.max(this.peak, residentTree(this.#root));
  }
}

/** Bytes. Debian's kernels have no other on machines that the peers run on. */
const PAGE = 4096;

/** MiB of a process and its descendants. */
function residentTree(pid: number): number {
  let own = 0;
  let shared = 0;
  for (const pending = [pid]; pending.length > 0; ) {
    const next = pending.pop()!;
    try {
      const [, resident = 0, files = 0] = readFileSync(`/proc/${next}/statm`, "utf8").split(" ").map(Number);
      own += resident - files;
      shared = Math.max(shared, files);
      // Children are listed with the thread that started them; Node starts all from its main thread.
      pending.push(...readFileSync(`/proc/${next}/task/${next}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number));
    } catch {
      // It has ended meanwhile.
    }
  }
  return ((own + shared) * PAGE) / 2 ** 20;
}
