import type { Page, ReplicationRow } from "./answers.ts";
import type { ApiExchange } from "./api-exchange.ts";

const SHOWN = 20;

/** How the rules are doing whose repositories the caller administers. A token of the protocol is for single repositories, and shows none. */
export async function showReplication({ replicated, access, caller, request }: ApiExchange): Promise<Page<ReplicationRow>> {
  const narrow = /^bearer /i.test(request.headers.authorization ?? "");
  const mine = replicated().filter(({ rule }) => !access.sessions || (!narrow && access.sessions.secrets.administers(caller.identity, rule.repositories)));
  return {
    items: mine.map(({ rule, copied, failed, doneAt, problems }) => ({
      direction: rule.to === undefined ? "from" : "to",
      registry: (rule.to ?? rule.from)!,
      repositories: rule.repositories,
      copied, failed,
      ...(doneAt === undefined ? {} : { doneAt }),
      problems: [...problems].slice(-SHOWN).map(([what, reason]) => ({ what, reason })),
    })),
  };
}
