import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Numbers from a seed: the same for every tool of a round, others in the next round (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Random bytes to take runs from: making them anew would take longer than compressing them. */
const NOISE = Buffer.allocUnsafe(4 * 1024 * 1024);
const noise = randomFrom(265);
for (let at = 0; at < NOISE.length; at += 4) NOISE.writeUInt32LE(noise(), at);

/**
 * Bytes that gzip brings to about half, as programs and their data are: runs that are new, and runs that stood a few
 * kilobytes before.
 */
function fillHalfDense(buffer: Buffer, random: () => number): void {
  for (let at = 0; at < buffer.length; ) {
    const choice = random();
    const length = 8 + ((choice >>> 2) & 31);
    if (at < 64 || (choice & 1) === 0) {
      const from = choice % (NOISE.length - 64);
      at += NOISE.copy(buffer, at, from, from + length);
    } else {
      const from = Math.max(0, at - 64 - ((choice >>> 8) & 8191));
      at += buffer.copy(buffer, at, from, from + length);
    }
  }
}

/** One large file. */
export function writeLargeFile(path: string, size: number, seed: number): void {
  const random = randomFrom(seed);
  const chunk = Buffer.allocUnsafe(1024 * 1024);
  const file = openSync(path, "w");
  try {
    for (let left = size; left > 0; left -= chunk.length) {
      fillHalfDense(chunk, random);
      writeSync(file, chunk, 0, Math.min(chunk.length, left));
    }
  } finally {
    closeSync(file);
  }
}

/** `count` files in folders of a hundred, of 1 to 19 KiB each, 10 KiB on average. */
export function writeManyFiles(folder: string, count: number, seed: number): void {
  const random = randomFrom(seed);
  const buffer = Buffer.allocUnsafe(20 * 1024);
  for (let index = 0; index < count; index += 1) {
    const name = join(folder, `part-${String(Math.floor(index / 1000)).padStart(2, "0")}`, `group-${Math.floor(index / 100) % 10}`);
    if (index % 100 === 0) mkdirSync(name, { recursive: true });
    const piece = buffer.subarray(0, 1024 + (random() % (18 * 1024)));
    fillHalfDense(piece, random);
    writeFileSync(join(name, `file-${String(index).padStart(5, "0")}.dat`), piece);
  }
}
