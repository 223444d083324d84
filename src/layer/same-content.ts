import { closeSync, openSync, readSync } from "node:fs";

/** Bytes that are compared at a time. */
const PIECE = 256 * 1024;

/** Memory for a piece of each of two files. */
export type Pieces = readonly [Buffer, Buffer];

/** For who compares many files. */
export function makePieces(): Pieces {
  return [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
}

/** Whether two files hold the same bytes. @throws what node:fs throws for one that cannot be read */
export function sameContent(a: string, b: string, [left, right]: Pieces = makePieces()): boolean {
  const fileA = openSync(a, "r");
  try {
    const fileB = openSync(b, "r");
    try {
      for (;;) {
        const count = readSync(fileA, left);
        if (count !== readSync(fileB, right)) return false;
        if (count === 0) return true;
        if (!left.subarray(0, count).equals(right.subarray(0, count))) return false;
      }
    } finally {
      closeSync(fileB);
    }
  } finally {
    closeSync(fileA);
  }
}
