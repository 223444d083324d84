import { closeSync, openSync, read } from "node:fs";
import { SpareMemory } from "./spare-memory.ts";

/** Bytes read at once. */
const PIECE = 512 * 1024;

/** Memory that one reading of a file uses. */
export interface PieceLoan {
  pair?: readonly [Buffer, Buffer];
  /** Nothing more is read into it. */
  over?: boolean;
}

const spare = new SpareMemory(PIECE, 8);

/**
 * Lets other readings have the memory; nobody may be using what is in it. Where the reading goes on (a registry may answer before it
 * has all, and its reader is then still waiting for a piece) the memory is left to it.
 */
export function giveLoanBack({ pair, over = false }: PieceLoan): void {
  if (pair && over) for (const memory of pair) spare.give(memory);
}

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
   * @param loan gets the memory that is read into as soon as there is something; who knows when nobody needs the last pieces any more gives it back
   */
  async *read(loan: PieceLoan = {}): AsyncGenerator<Uint8Array, void, undefined> {
    let file: number | undefined;
    let turn = 0;
    try {
      for (let position = 0; ; ) {
        if (this.#end && "error" in this.#end) throw this.#end.error;
        if (position < this.#size) {
          file ??= openSync(this.#path, "r");
          loan.pair ??= [spare.take(), spare.take()];
          const piece = await readPiece(file, loan.pair[turn]!.subarray(0, Math.min(PIECE, this.#size - position)), position);
          position += piece.length;
          turn = 1 - turn;
          yield piece;
        } else if (this.#end) return;
        else await this.#changed.promise;
      }
    } finally {
      loan.over = true;
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
