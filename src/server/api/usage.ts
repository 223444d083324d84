import type { RepositoryRow, UsageAnswer } from "./answers.ts";
import type { ApiExchange } from "./api-exchange.ts";
import { repositoryRow } from "./repositories.ts";
import { visibleRepositories } from "./visible-repositories.ts";

const SHOWN = 60;

/** Where the space goes, as far as the caller sees. */
export async function showUsage(exchange: ApiExchange): Promise<UsageAnswer> {
  let [size, count] = [0, 0];
  let largest: RepositoryRow[] = [];
  for await (const name of visibleRepositories(exchange)) {
    const row = await repositoryRow(exchange, name);
    if (!row) continue;
    size += row.size;
    count += 1;
    largest.push(row);
    if (largest.length >= 2 * SHOWN) largest = byDescendingSize(largest).slice(0, SHOWN);
  }
  return {
    repositories: byDescendingSize(largest).slice(0, SHOWN),
    size,
    count,
    ...(exchange.caller.seesAll ? { stored: await exchange.storage.metadata.storedSize() } : {}),
  };
}

function byDescendingSize(rows: readonly RepositoryRow[]): RepositoryRow[] {
  return [...rows].sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
}
