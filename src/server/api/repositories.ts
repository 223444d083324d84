import type { Page, RepositoryRow } from "./answers.ts";
import { sizeOf, type ApiExchange } from "./api-exchange.ts";
import { visibleRepositories } from "./visible-repositories.ts";

/** Repositories whose names have the searched words in them, by name. */
export async function listRepositories(exchange: ApiExchange): Promise<Page<RepositoryRow>> {
  const { query } = exchange;
  const size = sizeOf(exchange, { usual: 50, most: 200 });
  const words = (query.get("search") ?? "").toLowerCase().split(/\s+/).slice(0, 10);
  const items: RepositoryRow[] = [];
  for await (const name of visibleRepositories(exchange, query.get("last") ?? undefined)) {
    if (!words.every((word) => name.includes(word))) continue;
    if (items.length === size) return { items, next: items.at(-1)!.name };
    const row = await repositoryRow(exchange, name);
    if (row) items.push(row);
  }
  return { items };
}

/** Undefined for one that has gone meanwhile. */
export async function repositoryRow({ storage }: ApiExchange, name: string): Promise<RepositoryRow | undefined> {
  const use = await storage.metadata.repositoryUse(name);
  return use && { name, ...use };
}
