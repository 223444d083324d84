import { RegistryError } from "./registry-error.ts";

/** One page of a sorted list, and the `Link` to the next one if there is more. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Cuts a page by the query's `n` (at most that many) and `last` (only what comes after it, whether it exists or
 * not). `n=0` is an empty page without a next one. `most` caps the page when the list may be too long for one answer.
 * @param list sorted by `key`, by code unit
 * @throws RegistryError PAGINATION_NUMBER_INVALID
 */
export function cutPage<Item>(
  list: readonly Item[],
  query: URLSearchParams,
  options: { path: string; key: (item: Item) => string; most?: number },
): Page<Item> {
  const last = query.get("last");
  const start = last === null ? 0 : firstAfter(list, last, options.key);
  const count = Math.min(pageSize(query), options.most ?? Number.POSITIVE_INFINITY);
  if (count === 0) return { items: [], headers: {} };
  const items = list.slice(start, start + count);
  if (start + items.length >= list.length) return { items, headers: {} };
  const next = new URLSearchParams(query);
  next.set("n", String(count));
  next.set("last", options.key(items.at(-1)!));
  return { items, headers: { Link: `<${options.path}?${next.toString()}>; rel="next"` } };
}

function pageSize(query: URLSearchParams): number {
  const text = query.get("n");
  if (text === null || text === "") return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}$/.test(text)) throw new RegistryError("PAGINATION_NUMBER_INVALID", "n is not a number from 0 up", { detail: { n: text.slice(0, 100) } });
  return Number(text);
}

function firstAfter<Item>(list: readonly Item[], last: string, key: (item: Item) => string): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(list[middle]!) <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
