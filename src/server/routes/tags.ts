import { sendJson, type Exchange } from "../exchange.ts";
import { cutPage } from "../paging.ts";
import { RegistryError } from "../registry-error.ts";

/** end-8: the tags of a repository, sorted by code unit. */
export async function listTags(exchange: Exchange): Promise<void> {
  const { repository, storage, query } = exchange;
  const tags = await storage.repositories.tags(repository);
  if (!tags) throw new RegistryError("NAME_UNKNOWN", "the registry has no such repository", { detail: { name: repository } });
  const page = cutPage(tags, query, { path: `/v2/${repository}/tags/list`, key: (tag) => tag });
  sendJson(exchange, { name: repository, tags: page.items }, page.headers);
}
