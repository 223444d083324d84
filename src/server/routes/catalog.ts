import { sendJson, type Exchange } from "../exchange.ts";
import { cutPage } from "../paging.ts";

/** `GET /v2/_catalog` (distribution's extension): the names of all repositories. */
export async function listCatalog(exchange: Exchange): Promise<void> {
  const names = await exchange.storage.repositories.names();
  const page = cutPage(names, exchange.query, { path: "/v2/_catalog", key: (name) => name });
  sendJson(exchange, { repositories: page.items }, page.headers);
}
