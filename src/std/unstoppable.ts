/** What the lock of a thread says: it can be ended, it must not be, or its end has been decided. */
export const [FREE, BUSY, ENDING] = [0, 1, 2];

let lock: Int32Array | undefined;
let depth = 0;

/** Tells this thread by which lock others see whether it can be ended. */
export function setThreadLock(shared: Int32Array): void {
  lock = shared;
}

/**
 * Does what a thread must not be ended in the middle of: a native module that finds its thread ending while it makes objects ends the
 * whole process with SIGABRT, and so does Node where an object of zlib's is made but not set up yet. A thread whose end was decided
 * before goes no further.
 */
export function unstoppable<Result>(work: () => Result): Result {
  if (lock === undefined || depth > 0) return work();
  while (Atomics.compareExchange(lock, 0, FREE, BUSY) !== FREE) Atomics.wait(lock, 0, ENDING);
  depth += 1;
  try {
    return work();
  } finally {
    depth -= 1;
    Atomics.store(lock, 0, FREE);
  }
}
