/**
 * Runs tasks side by side. When one fails the others are stopped and waited for, and its error is the one that
 * is thrown: nothing of the work goes on after the promise is settled.
 */
export async function together<Result>(
  tasks: readonly ((signal: AbortSignal) => Promise<Result>)[],
  signal?: AbortSignal,
): Promise<Result[]> {
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const settled = await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        return await task(both);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  if (stop.signal.aborted) throw stop.signal.reason;
  return settled.map((each) => (each as PromiseFulfilledResult<Result>).value);
}
