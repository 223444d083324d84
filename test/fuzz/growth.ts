import assert from "node:assert/strict";

/** Processor time in which a measurement can be told from noise, in milliseconds. */
const ENOUGH = 4;
/** Four times the input takes four times as long, and sixteen times where time grows with the square. */
const FOUR = 4;
const LIMIT = 10;
const LARGEST = 1 << 15;

/**
 * Asserts that the time of some work grows about as its input does, and not with its square. Processor time is compared with
 * processor time, the least of several tries each, so that a busy machine does not count.
 */
export async function assertLinear(name: string, work: (size: number) => unknown): Promise<void> {
  let size = 64;
  while (size < LARGEST / FOUR && (await timeOf(work, size)) < ENOUGH) size *= 2;
  let ratio = Infinity;
  for (let attempt = 0; attempt < 3 && ratio > LIMIT; attempt += 1) {
    const [once, often] = [await leastOf(work, size), await leastOf(work, size * FOUR)];
    // What takes no time at the largest size takes none.
    ratio = often < 2 * ENOUGH ? 1 : often / Math.max(once, ENOUGH / FOUR);
  }
  assert.ok(ratio <= LIMIT, `${name}: ${FOUR} times the input of size ${size} takes ${ratio.toFixed(1)} times as long`);
}

async function leastOf(work: (size: number) => unknown, size: number): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < 3; attempt += 1) least = Math.min(least, await timeOf(work, size));
  return least;
}

async function timeOf(work: (size: number) => unknown, size: number): Promise<number> {
  const before = process.cpuUsage().user;
  await work(size);
  return (process.cpuUsage().user - before) / 1000;
}
