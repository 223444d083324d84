import type { Page, ReplicationRow } from "./answers.ts";
import type { ApiExchange } from "./api-exchange.ts";
import { REPOSITORY_LIST } from "../mirror/replication-problem.ts";
import { readStatus } from "../mirror/replication-notes.ts";

const SHOWN = 20;

/** How the rules are doing whose repositories the caller administers. A token of the protocol is for single repositories, and shows none. */
export async function showReplication({ replicated, access, caller, request, storage }: ApiExchange): Promise<Page<ReplicationRow>> {
  const narrow = /^bearer /i.test(request.headers.authorization ?? "");
  const mine = replicated().filter(({ rule }) => !access.sessions || (!narrow && access.sessions.secrets.administers(caller.identity, rule.repositories)));
  // Of several servers another one may be at it.
  const statuses = await Promise.all(mine.map(({ rule }) => readStatus(storage.metadata, rule)));
  return {
    items: statuses.map(({ rule, copied, deleted, failed, doneAt, problems }) => ({
      direction: rule.to === undefined ? "from" : "to",
      registry: (rule.to ?? rule.from)!,
      repositories: rule.repositories,
      copied, deleted, failed,
      ...(doneAt === undefined ? {} : { doneAt }),
      problems: [...problems].slice(-SHOWN).map(([what, { reason, why }]) => ({ what, reason, why: why ? [why] : [], ...(what === REPOSITORY_LIST ? { list: true as const } : {}) })),
    })),
  };
}
