/**
 * Bytes from one who pushes to one who iterates. The pusher waits for {@link drained} before it pushes more, so that
 * no more than its last batch is in memory.
 */
export class ByteChannel implements AsyncIterableIterator<Uint8Array> {
  readonly #queue: Uint8Array[] = [];
  #ended = false;
  #error: unknown;
  #closed = false;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  push(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#queue.push(chunk);
    this.#wakeReader?.();
  }

  /** No more bytes will come. */
  end(): void {
    this.#ended = true;
    this.#wakeReader?.();
  }

  /** The bytes cannot be had; the one who iterates gets the error. */
  fail(error: unknown): void {
    this.#error = error;
    this.end();
  }

  /** Resolves when everything pushed was taken, or nobody takes any more. */
  async drained(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) {
      await new Promise<void>((resolve) => { this.#wakeWriter = resolve; });
    }
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const chunk = this.#queue.shift();
      if (chunk !== undefined) return { done: false, value: chunk };
      this.#wakeWriter?.();
      if (this.#ended || this.#closed) return { done: true, value: undefined };
      await new Promise<void>((resolve) => { this.#wakeReader = resolve; });
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#closed = true;
    this.#queue.length = 0;
    this.#wakeWriter?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
