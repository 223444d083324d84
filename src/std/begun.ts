/** A source that was asked for its first piece, for one reader. */
export interface Begun<Piece> extends AsyncIterable<Piece>, Disposable {}

/**
 * Asks a source for its first piece at once, so that its answer comes while its reader makes itself ready. What that piece's
 * way has thrown is thrown to the reader. One that nobody has read is left when it is disposed of.
 * @param onRead called when somebody begins to read it
 */
export function begun<Piece>(source: AsyncIterable<Piece>, onRead?: () => void): Begun<Piece> {
  const iterator = source[Symbol.asyncIterator]();
  let first: Promise<IteratorResult<Piece>> | undefined = iterator.next();
  first.catch(() => undefined);
  const leave = async (): Promise<IteratorResult<Piece>> => (await iterator.return?.()) ?? { done: true, value: undefined };
  const next = (): Promise<IteratorResult<Piece>> => {
    if (!first) return iterator.next();
    const result = first;
    first = undefined;
    onRead?.();
    return result;
  };
  return {
    [Symbol.asyncIterator]: () => ({ next, return: leave }),
    [Symbol.dispose]() {
      if (first) leave().catch(() => undefined);
    },
  };
}
