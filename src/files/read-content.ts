import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, type BigIntStats } from "node:fs";
import { fault } from "../std/fault.ts";
import { readFault } from "./read-fault.ts";

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const chunk = Buffer.allocUnsafeSlow(1024 * 1024);

/**
 * Reads a regular file piece by piece; the pieces lie in one buffer that is used again.
 * @param expected what lstat said; a file that is another one meanwhile, or changes while it is read, is a fault.
 * @throws CONTEXT_UNREADABLE, FILE_CHANGED
 */
export function readContent(path: string, expected: BigIntStats, onPiece: (piece: Uint8Array) => void): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, FLAGS);
  } catch (error) {
    throw readFault(error, path);
  }
  try {
    let size = 0;
    for (;;) {
      const count = readSync(descriptor, chunk, 0, chunk.length, null);
      if (count === 0) break;
      size += count;
      onPiece(chunk.subarray(0, count));
      if (BigInt(size) >= expected.size && count < chunk.length) break;
    }
    if (!sameState(fstatSync(descriptor, { bigint: true }), expected) || BigInt(size) !== expected.size) {
      throw fault("FILE_CHANGED", { path });
    }
  } catch (error) {
    throw readFault(error, path);
  } finally {
    closeSync(descriptor);
  }
}

/** A file that changed while it was read, as it is now. @throws CONTEXT_UNREADABLE where it has gone */
export function statAgain(path: string): BigIntStats {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    throw readFault(error, path);
  }
}

function sameState(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs && one.dev === other.dev;
}
