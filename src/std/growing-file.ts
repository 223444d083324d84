import { closeSync, openSync, read } from "node:fs";

/** Bytes read at once. */
const PIECE = 512 * 1024;

/** A file that somebody else is still writing, read as far as it has come, from its beginning and as often as wanted. */
export class GrowingFile {
  #path: string;
  #size = 0;
  #end: { readonly error?: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes that were written so far. */
  get size(): number {
    return this.#size;
  }

  /** Says how much is written by now. */
  grown(size: number): void {
    this.#size = size;
    this.#wake();
  }

  /** Says that it is whole. */
  end(): void {
    this.#end ??= {};
    this.#wake();
  }

  /** Says where it lies now; to be called in the same turn in which it was renamed. */
  moved(path: string): void {
    this.#path = path;
  }

  /** Says that nothing more will come, and why. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  /**
   * The bytes from the beginning to the end of the file, as they are written; a piece is valid until the one
   * after the next is asked for. Rejects with what its writer met.
   */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    let file: number | undefined;
    let [memory, other] = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
    try {
      for (let position = 0; ; ) {
        if (this.#end && "error" in this.#end) throw this.#end.error;
        if (position < this.#size) {
          file ??= openSync(this.#path, "r");
          const piece = await readPiece(file, memory.subarray(0, Math.min(PIECE, this.#size - position)), position);
          position += piece.length;
          [memory, other] = [other, memory];
          yield piece;
        } else if (this.#end) return;
        else await this.#changed.promise;
      }
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function readPiece(file: number, memory: Buffer, position: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    read(file, memory, 0, memory.length, position, (error, count, buffer) => {
      if (error) reject(error);
      else if (count === 0) reject(new Error("the file is shorter than its writer said"));
      else resolve(buffer.subarray(0, count));
    });
  });
}
