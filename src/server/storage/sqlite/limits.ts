import { concernedBy, demandRoom, type Added, type Limit } from "../limits.ts";
import type { SqliteContext } from "./context.ts";

/** Inside of the transaction that has added something; there is one at a time. */
export function keepLimits({ totals }: SqliteContext, repository: string, limits: readonly Limit[], added: Added): void {
  for (const limit of concernedBy(limits, added)) {
    const bound = totals.keep(limit.covers, repository, added);
    try {
      demandRoom(limit, added, bound);
    } catch (refusal) {
      if (bound.exact) throw refusal;
      demandRoom(limit, added, totals.keep(limit.covers, repository, added, { exact: true }));
    }
  }
}
