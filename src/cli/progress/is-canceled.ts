/** Whether a step did not fail itself: a worker ends those beside the one that failed, with these words of Go's. */
export function isCanceled(error: string | undefined): boolean {
  return error?.endsWith("context canceled") === true;
}
