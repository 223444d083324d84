import { setImmediate as nextTurn } from "node:timers/promises";
import type { ApiExchange } from "./api-exchange.ts";

/** Between them others have their turn: what is done with each name may take a while. */
const NAMES_AT_ONCE = 100;

/** The repositories that the caller sees, by name, from behind `after` on. */
export async function* visibleRepositories({ storage, caller }: Pick<ApiExchange, "storage" | "caller">, after?: string): AsyncIterable<string> {
  for (let last = after; ; ) {
    const { items, more } = await storage.metadata.repositories({ after: last, limit: NAMES_AT_ONCE });
    for (const name of items) if (caller.seesAll || caller.sees(name)) yield name;
    last = items.at(-1);
    if (!more) return;
    await nextTurn();
  }
}
