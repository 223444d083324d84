import type { Listed, ListRange } from "../records.ts";

const PAGE = 1000;

/** All items of a sorted list that comes in pages. */
export async function* everyItem<Item>(read: (range: ListRange) => Promise<Listed<Item>>, keyOf: (item: Item) => string): AsyncIterable<Item> {
  let after: string | undefined;
  for (let more = true; more; ) {
    const page = await read({ after, limit: PAGE });
    yield* page.items;
    more = page.more;
    after = page.items.length > 0 ? keyOf(page.items.at(-1)!) : after;
  }
}
