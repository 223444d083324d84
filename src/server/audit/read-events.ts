import { setTimeout as wait } from "node:timers/promises";
import type { Metadata } from "../storage/metadata.ts";
import type { RegistryEvent } from "../storage/records.ts";
import { repositoryPattern } from "../terms/repository-pattern.ts";

const AT_ONCE = 500;
const POLL = 500;

export interface EventFilter {
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly repository: string | undefined;
  readonly user: string | undefined;
  /** `tag.move`, or `tag` for all that begins so; everything where there are none. */
  readonly actions: readonly string[];
}

/** The log of changes in its order, a part at a time; with `follow` it goes on with what comes, until the signal. */
export async function* readEvents(metadata: Pick<Metadata, "events">, filter: EventFilter & { readonly follow: boolean; readonly signal: AbortSignal }): AsyncIterable<RegistryEvent> {
  const { since, user, actions, signal } = filter;
  const inRepository = filter.repository === undefined ? undefined : repositoryPattern(filter.repository);
  let after = 0;
  while (!signal.aborted) {
    const events = await metadata.events({ after, limit: AT_ONCE, since });
    for (const event of events) {
      after = event.id;
      if (inRepository && (event.repository === "" || !inRepository(event.repository))) continue;
      if (user !== undefined && event.user !== user) continue;
      if (actions.length > 0 && !actions.some((action) => event.action === action || event.action.startsWith(`${action}.`))) continue;
      yield event;
    }
    if (events.length === AT_ONCE) continue;
    if (!filter.follow) return;
    await wait(POLL, undefined, { signal }).catch(() => undefined);
  }
}
