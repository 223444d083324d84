/**
 * Memory of one size that is used again and again: as garbage it would keep the collector busier than the work that it is
 * for, and be collected late.
 */
export class SpareMemory {
  readonly #size: number;
  readonly #most: number;
  readonly #spare: Buffer[] = [];

  /** @param most buffers that are kept */
  constructor(size: number, most: number) {
    this.#size = size;
    this.#most = most;
  }

  /** A buffer with anything in it. */
  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /** Gives a buffer back that nobody uses any more, the whole of it. */
  give(buffer: Buffer): void {
    if (this.#spare.length < this.#most) this.#spare.push(buffer);
  }
}
