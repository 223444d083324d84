import type { FileHandle } from "node:fs/promises";
import { SpareMemory } from "./spare-memory.ts";
import { writeChunks } from "./write-chunks.ts";

/** Bytes that small pieces are gathered to. */
const BATCH = 512 * 1024;
/** Bytes of a piece that is not small. */
const LARGE = 128 * 1024;

const batches = new SpareMemory(BATCH, 8);

/**
 * Writes pieces to a file in their order, small ones gathered. The memory of a piece may be used again as soon as the one
 * after it was taken: until then it may be on its way to the file, while the next one comes.
 */
export class PieceWriter {
  readonly #file: FileHandle;
  #position: number | undefined;
  #batch: Buffer | undefined;
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Fulfilled when the memory of the last piece is not needed any more. */
  #borrowed: Promise<void> | undefined;

  /** @param position where to begin; where the file stands, unless given. The file stays open until {@link end}, whatever it says. */
  constructor(file: FileHandle, position?: number) {
    this.#file = file;
    this.#position = position;
  }

  /** Takes a piece. Rejects with what the file system has thrown, for one before it. */
  async write(piece: Uint8Array): Promise<void> {
    await this.#borrowed;
    if (piece.length >= LARGE) {
      await this.#handOver();
      this.#borrowed = this.#out(piece);
      return;
    }
    if (this.#filled + piece.length > BATCH) await this.#handOver();
    this.#batch ??= batches.take();
    this.#batch.set(piece, this.#filled);
    this.#filled += piece.length;
  }

  /** When everything is written, or nothing will be any more. */
  async end(): Promise<void> {
    await this.#handOver();
    await this.#writing;
  }

  /** Writes all of a stream, and ends. @returns how many bytes there were */
  async writeAll(content: AsyncIterable<Uint8Array>, onBytes?: (sent: number) => void): Promise<number> {
    let sent = 0;
    try {
      for await (const piece of content) {
        await this.write(piece);
        sent += piece.length;
        onBytes?.(sent);
      }
    } finally {
      await this.end();
    }
    return sent;
  }

  /** Has the batch written while the next one is gathered. */
  async #handOver(): Promise<void> {
    await this.#writing;
    if (this.#filled === 0) return;
    const batch = this.#batch!;
    void this.#out(batch.subarray(0, this.#filled)).then(() => batches.give(batch), () => undefined);
    this.#batch = undefined;
    this.#filled = 0;
  }

  #out(bytes: Uint8Array): Promise<void> {
    const before = this.#writing;
    const position = this.#position;
    if (position !== undefined) this.#position = position + bytes.length;
    this.#writing = before.then(() => writeChunks(this.#file, [bytes], position));
    this.#writing.catch(() => undefined); // thrown to the next call
    return this.#writing;
  }
}
