import { sendList, type Exchange } from "../exchange.ts";
import { linkToNext, pageOf, partOf } from "../paging.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** end-8: the tags of a repository, sorted by code unit. */
export async function listTags(exchange: Exchange): Promise<void> {
  const { repository, storage, query } = exchange;
  const tags = exchange.mirror?.covers(repository) ? partOf(await exchange.mirror.tags(repository), pageOf(query), (tag) => tag) : await storage.metadata.tags(repository, pageOf(query));
  if (!tags) throw new RegistryError("NAME_UNKNOWN", "the registry has no such repository", { detail: { name: repository } });
  sendList(exchange, tags, () => ({ name: repository, tags: tags.items }), linkToNext(tags, query, { path: `/v2/${repository}/tags/list`, key: (tag) => tag }));
}
