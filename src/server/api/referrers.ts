import { partOf } from "../paging.ts";
import type { Page, ReferrerRow } from "./answers.ts";
import { digestOf, repositoryOf, sizeOf, type ApiExchange } from "./api-exchange.ts";
import { textsOf } from "./image-view.ts";

/** What refers to an image: signatures, SBOMs. */
export async function listReferrers(exchange: ApiExchange): Promise<Page<ReferrerRow>> {
  const repository = repositoryOf(exchange);
  const digest = digestOf(exchange, "digest");
  const range = { after: exchange.query.get("last") ?? undefined, limit: sizeOf(exchange, { usual: 100, most: 500 }) };
  const { items, more } = exchange.mirror?.covers(repository)
    ? partOf(await exchange.mirror.referrers(repository, digest), range, (referrer) => referrer.digest)
    : await exchange.storage.metadata.referrers(repository, digest, range);
  const rows = items.map(({ digest, mediaType, artifactType, size, annotations }) => ({ digest, mediaType, size, artifactType, annotations: textsOf(annotations) }));
  return { items: rows, ...(more ? { next: rows.at(-1)!.digest } : {}) };
}
