import { sendList, type Exchange } from "../exchange.ts";
import { linkToNext, pageOf } from "../paging.ts";
import type { Listed, ListRange } from "../storage/records.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** end-8: the tags of a repository, sorted by code unit. */
export async function listTags(exchange: Exchange): Promise<void> {
  const { repository, storage, query } = exchange;
  const tags = exchange.mirror?.covers(repository) ? partOf(await exchange.mirror.tags(repository), pageOf(query)) : await storage.metadata.tags(repository, pageOf(query));
  if (!tags) throw new RegistryError("NAME_UNKNOWN", "the registry has no such repository", { detail: { name: repository } });
  sendList(exchange, tags, () => ({ name: repository, tags: tags.items }), linkToNext(tags, query, { path: `/v2/${repository}/tags/list`, key: (tag) => tag }));
}

/** A part of a sorted list. */
function partOf(sorted: readonly string[], { after, limit }: ListRange): Listed<string> {
  const rest = after === undefined ? sorted : sorted.filter((item) => item > after);
  return { items: limit === undefined ? rest : rest.slice(0, limit), more: limit !== undefined && rest.length > limit };
}
