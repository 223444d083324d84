import type { Page, ReferrerRow } from "./answers.ts";
import { digestOf, repositoryOf, sizeOf, type ApiExchange } from "./api-exchange.ts";
import { textsOf } from "./image-view.ts";

/** What refers to an image: signatures, SBOMs. */
export async function listReferrers(exchange: ApiExchange): Promise<Page<ReferrerRow>> {
  const repository = repositoryOf(exchange);
  const { items, more } = await exchange.storage.metadata.referrers(repository, digestOf(exchange, "digest"), {
    after: exchange.query.get("last") ?? undefined,
    limit: sizeOf(exchange, { usual: 100, most: 500 }),
  });
  const rows = items.map(({ digest, mediaType, artifactType, size, annotations }) => ({ digest, mediaType, size, artifactType, annotations: textsOf(annotations) }));
  return { items: rows, ...(more ? { next: rows.at(-1)!.digest } : {}) };
}
