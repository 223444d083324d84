/** Bytes that uploads hold in memory together. Who comes when all are taken waits, in the order of coming. */
export interface MemoryBudget {
  /** Whether so many are free; takes them then. */
  tryTake(bytes: number): boolean;
  /** Waits until so many are free; more than there are at all counts as all. */
  take(bytes: number): Promise<void>;
  giveBack(bytes: number): void;
}

export function createMemoryBudget(limit: number): MemoryBudget {
  const waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  let taken = 0;
  const fits = (bytes: number): boolean => taken === 0 || taken + bytes <= limit;
  return {
    tryTake(bytes) {
      if (waiting.length > 0 || !fits(bytes)) return false;
      taken += bytes;
      return true;
    },
    async take(bytes) {
      if (this.tryTake(bytes)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ bytes, go: resolve });
      await promise;
    },
    giveBack(bytes) {
      taken -= bytes;
      for (let next = waiting[0]; next && fits(next.bytes); next = waiting[0]) {
        waiting.shift();
        taken += next.bytes;
        next.go();
      }
    },
  };
}
