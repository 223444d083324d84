/** A stream that is opened before somebody reads it. */
export interface OpenedAhead {
  /** The bytes from there on; those from the beginning are on their way already, for who asks first. */
  open(start: number): AsyncIterable<Uint8Array>;
  /** Gives up what nobody has asked for. */
  [Symbol.dispose](): void;
}

/** Asks a place for its first bytes at once, so that its answer comes while another place is waited for. */
export function openedAhead(open: (start: number) => AsyncIterable<Uint8Array>): OpenedAhead {
  const iterator = open(0)[Symbol.asyncIterator]();
  const first = iterator.next();
  first.catch(() => undefined); // thrown to who reads
  const leave = async (): Promise<IteratorResult<Uint8Array>> => (await iterator.return?.()) ?? { done: true, value: undefined };
  let begun = false;
  let taken = false;
  const next = (): Promise<IteratorResult<Uint8Array>> => {
    if (begun) return iterator.next();
    begun = true;
    return first;
  };
  return {
    open(start) {
      if (start > 0 || taken) return open(start);
      taken = true;
      return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
    },
    [Symbol.dispose]() {
      if (!taken) leave().catch(() => undefined);
    },
  };
}
