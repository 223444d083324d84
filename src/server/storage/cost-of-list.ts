/** What an entry of a map costs besides its content, about. */
const OVERHEAD = 200;

/** Bytes that a list needs in memory, about: its items, and the text that they become in an answer. */
export function costOfList(items: readonly unknown[]): number {
  if (typeof items[0] === "string") return (items as readonly string[]).reduce((sum, item) => sum + 2 * item.length + 50, OVERHEAD);
  return items.length === 0 ? OVERHEAD : 2 * JSON.stringify(items).length + items.length * OVERHEAD;
}
