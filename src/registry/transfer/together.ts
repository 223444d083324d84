/**
 * Runs tasks side by side. When one fails the others are stopped and waited for, and its error is the one that
 * is thrown: nothing of the work goes on after the promise is settled.
 */
export async function together<Result>(
  tasks: readonly ((signal: AbortSignal) => Promise<Result>)[],
  signal?: AbortSignal,
): Promise<Result[]> {
  const stop = new AbortController();
  // Handed on, since a signal that is made of two looks at both whenever it is asked.
  const abort = (): void => stop.abort(signal!.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const settled = await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        return await task(stop.signal);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  signal?.removeEventListener("abort", abort);
  if (stop.signal.aborted) throw stop.signal.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<Result>).value);
}
