import { sendJson, type Exchange } from "../exchange.ts";
import { linkToNext, pageOf } from "../paging.ts";

/** `GET /v2/_catalog` (distribution's extension): the names of all repositories. */
export async function listCatalog(exchange: Exchange): Promise<void> {
  const { storage, query } = exchange;
  const names = await storage.metadata.repositories(pageOf(query));
  sendJson(exchange, { repositories: names.items }, linkToNext(names, query, { path: "/v2/_catalog", key: (name) => name }));
}
