import { fdatasync } from "node:fs";

/** Bytes. */
const STEP = 32 * 1024 * 1024;

/** Brings a file that is being written to the disk bit by bit, so that little is left to wait for at its end. */
export class BackgroundFlush {
  readonly #file: number;
  #begun = 0;
  #running: Promise<void> | undefined;

  /** @param file a descriptor, which stays open until {@link end} or {@link settled} is fulfilled */
  constructor(file: number) {
    this.#file = file;
  }

  /** Says how large the file is by now. */
  written(size: number): void {
    if (this.#running || size - this.#begun < STEP) return;
    this.#begun = size;
    this.#running = sync(this.#file).finally(() => { this.#running = undefined; });
    this.#running.catch(() => undefined); // what is wrong with the disk is met again at the end
  }

  /** When all that was written is on the disk. Rejects with the system's error. */
  async end(): Promise<void> {
    await this.settled();
    await sync(this.#file);
  }

  /** When nothing uses the file any more. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }
}

function sync(file: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())));
}
