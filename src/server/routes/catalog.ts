import { sendList, type Exchange } from "../exchange.ts";
import { linkToNext, pageOf } from "../paging.ts";
import type { Listed, ListRange } from "../storage/records.ts";

/** Names that are looked at in one go where some of them are not shown. */
const BATCH = 1000;

/** `GET /v2/_catalog` (distribution's extension): the names of all repositories that the caller may pull from. */
export async function listCatalog(exchange: Exchange): Promise<void> {
  const { query } = exchange;
  const names = await visibleNames(exchange, pageOf(query));
  sendList(exchange, names, () => ({ repositories: names.items }), linkToNext(names, query, { path: "/v2/_catalog", key: (name) => name }));
}

async function visibleNames({ storage, caller }: Exchange, { after, limit }: ListRange): Promise<Listed<string>> {
  if (caller.seesAll) return storage.metadata.repositories({ after, limit });
  const items: string[] = [];
  for (let last = after; ; ) {
    const listed = await storage.metadata.repositories({ after: last, limit: BATCH });
    for (const name of listed.items) {
      if (!caller.sees(name)) continue;
      if (items.length === limit) return { items, more: true };
      items.push(name);
    }
    last = listed.items.at(-1);
    if (!listed.more || last === undefined) return { items, more: false };
  }
}
