/** Buffers of one size that are used again; at most `kept` wait in the pool. */
export function createBufferPool(size: number, kept: number): { take(): Buffer; giveBack(buffer: Buffer): void } {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? Buffer.allocUnsafeSlow(size),
    giveBack(buffer) {
      if (free.length < kept) free.push(buffer);
    },
  };
}
