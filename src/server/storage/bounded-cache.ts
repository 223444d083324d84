export interface BoundedCache<Value> {
  get(key: string): Value | undefined;
  /** `cost` is about how many bytes key and value need. */
  set(key: string, value: Value, cost: number): void;
  delete(key: string): void;
  clear(): void;
}

/** Values by key, the least recently used ones dropped above `limit` bytes in total. */
export function createBoundedCache<Value>(limit: number): BoundedCache<Value> {
  const entries = new Map<string, { readonly value: Value; readonly cost: number }>();
  let total = 0;
  const drop = (key: string): void => {
    total -= entries.get(key)?.cost ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, cost) {
      drop(key);
      if (cost > limit / 4) return; // one large entry must not empty the cache
      entries.set(key, { value, cost });
      total += cost;
      for (const oldest of entries.keys()) {
        if (total <= limit) break;
        drop(oldest);
      }
    },
    delete: drop,
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
