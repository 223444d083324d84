import { setImmediate as nextTurn } from "node:timers/promises";
import { readReasons } from "../../retention/reasons.ts";
import { readDecision } from "../access/decision.ts";
import type { RegistryEvent } from "../storage/records.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { AuditRow, Because, Page } from "./answers.ts";
import { sizeOf, type ApiExchange } from "./api-exchange.ts";

const READ_AT_ONCE = 500;
/** Events that one request looks at; where most are not for the caller, the answer is shorter, and `next` goes on. */
const READ_AT_MOST = 20_000;

/** Changes in repositories that the caller administers, the newest first. */
export async function listChanges(exchange: ApiExchange): Promise<Page<AuditRow>> {
  const { storage, caller, query } = exchange;
  const size = sizeOf(exchange, { usual: 100, most: 500 });
  const only = query.get("repository");
  let before = idOf(query.get("last"));
  const items: AuditRow[] = [];
  for (let read = 0; read < READ_AT_MOST; read += READ_AT_ONCE) {
    const events = await storage.metadata.latestEvents({ before, limit: READ_AT_ONCE });
    for (const { agent: _agent, ...logged } of events) {
      if ((only !== null && logged.repository !== only) || !caller.may("admin", logged.repository)) continue;
      if (items.length === size) return { items, next: String(items.at(-1)!.id) };
      const event = { ...logged, detail: shown(logged.detail, caller) };
      items.push(event.detail?.["reason"] === undefined ? event : { ...event, why: whyOf(event.detail["reason"]) });
    }
    if (events.length < READ_AT_ONCE) return { items };
    before = events.at(-1)!.id;
    await nextTurn();
  }
  return { items, next: String(before) };
}

/** Where a blob was mounted from may be a repository that its administrators do not see. */
function shown(detail: RegistryEvent["detail"], { sees }: Pick<ApiExchange["caller"], "sees">): RegistryEvent["detail"] {
  const { from, ...others } = detail ?? {};
  return from === undefined || sees(from) ? detail : others;
}

/** Of a tag that a rule has deleted, or of a right that was missing. */
function whyOf(reason: string): readonly Because[] {
  const decision = readDecision(reason);
  return decision ? [decision] : readReasons(reason);
}

function idOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new RegistryError("REQUEST_INVALID", "last is not the id of a change");
  return Number(text);
}
