/** Lets the connections of this process come on in the midst of work that does not wait for anything. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
