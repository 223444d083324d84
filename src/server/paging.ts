import { RegistryError } from "./terms/registry-error.ts";
import type { Listed, ListRange } from "./storage/records.ts";

/** More than a name or a digest has characters. */
const LONGEST_ITEM = 300;

/**
 * The part of a list that a query asks for: `n` items at most, those after `last`. `most` caps it where a whole list may
 * be too long for one answer.
 * @throws RegistryError PAGINATION_NUMBER_INVALID
 */
export function pageOf(query: URLSearchParams, options: { most?: number } = {}): ListRange {
  const wanted = pageSize(query);
  const limit = options.most === undefined ? wanted : Math.min(wanted ?? options.most, options.most);
  // No item is that long, so that the rest of the text cannot matter.
  return { after: query.get("last")?.slice(0, LONGEST_ITEM), limit };
}

/** A part of a list that is sorted by its keys. */
export function partOf<Item>(sorted: readonly Item[], { after, limit }: ListRange, key: (item: Item) => string): Listed<Item> {
  const rest = after === undefined ? sorted : sorted.filter((item) => key(item) > after);
  return { items: limit === undefined ? rest : rest.slice(0, limit), more: limit !== undefined && rest.length > limit };
}

/** The `Link` to what follows a page (distribution-spec, "Listing Tags"); none behind the last one, nor behind one of no items. */
export function linkToNext<Item>(listed: Listed<Item>, query: URLSearchParams, options: { path: string; key: (item: Item) => string }): Record<string, string> {
  const last = listed.items.at(-1);
  if (!listed.more || last === undefined) return {};
  const next = new URLSearchParams(query);
  next.set("n", String(listed.items.length));
  next.set("last", options.key(last));
  return { Link: `<${options.path}?${next.toString()}>; rel="next"` };
}

function pageSize(query: URLSearchParams): number | undefined {
  const text = query.get("n");
  if (text === null || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new RegistryError("PAGINATION_NUMBER_INVALID", "n is not a number from 0 up", { detail: { n: text.slice(0, 100) } });
  return Number(text);
}
