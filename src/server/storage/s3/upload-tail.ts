import type { MemoryBudget } from "./memory-budget.ts";

/** What every upload may hold without asking. */
const FREE = 256 * 1024;

/** Bytes that are in memory together, and what the budget knows of them. */
export interface Held {
  readonly chunks: readonly Uint8Array[];
  readonly counted: number;
}

/** The last bytes of an upload, gathered in memory. */
export class UploadTail {
  readonly #budget: MemoryBudget;
  #chunks: Uint8Array[] = [];
  #counted = 0;
  #size = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#size;
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** False, and nothing is added, when uploads hold too much together: then these bytes have to go somewhere else first. */
  add(chunk: Uint8Array): boolean {
    const more = Math.max(0, this.#size + chunk.length - FREE) - this.#counted;
    if (more > 0 && !this.#budget.tryTake(more)) return false;
    this.#counted += Math.max(0, more);
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    return true;
  }

  /** Takes the bytes out. Who gets them gives back to the budget what is counted. */
  take(): Held {
    const held = { chunks: this.#chunks, counted: this.#counted };
    [this.#chunks, this.#counted, this.#size] = [[], 0, 0];
    return held;
  }

  forget(): void {
    this.#budget.giveBack(this.take().counted);
  }
}

/** Fills `into` with bytes from `start` on, where chunks that begin at `position` have them. */
export function readChunks(chunks: readonly Uint8Array[], position: number, start: number, into: Uint8Array): number {
  let at = position;
  for (const chunk of chunks) {
    if (start >= at && start < at + chunk.length) {
      const found = chunk.subarray(start - at, start - at + into.length);
      into.set(found);
      return found.length;
    }
    at += chunk.length;
  }
  return 0;
}
