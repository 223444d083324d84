/**
 * Lets the connections of this process come on in the midst of work that does not wait for anything. Node looks at them between
 * the immediates of two rounds of its event loop, and the first of these may be the one that we are in.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(() => void setImmediate(resolve)));
}
