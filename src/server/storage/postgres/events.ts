import type { Cursors } from "../cursors.ts";
import type { Incidents } from "../incidents.ts";
import type { Metadata } from "../metadata.ts";
import type { Overview } from "../overview.ts";
import { eventOf, type EventRow } from "../rows.ts";
import { shareRuns } from "../share-runs.ts";
import type { PostgresContext } from "./context.ts";
import { lockKey } from "./postgres-database.ts";
import { KEPT } from "./read-cache.ts";

const AT_ONCE = 5000;

export interface EventPart extends Pick<Metadata, "events" | "forgetEvents">, Pick<Overview, "latestEvents">, Cursors, Incidents {
  /** Puts events in their order that nobody has read. */
  order(): Promise<void>;
  /** Does that, and forgets what no memory needs any more. */
  tidy(): Promise<void>;
}

/**
 * The log of changes. Transactions that run at the same time get numbers in another order than they commit in, so a reader who has seen
 * a number could miss a smaller one for ever. Therefore events get their numbers when somebody wants to read them: one reader at a time
 * moves what has been committed to the end of the log. Nothing that writes waits for that.
 */
export function eventPart({ database }: PostgresContext): EventPart {
  const order = shareRuns(async () => {
    while (await database.get("SELECT 1 FROM event_arrivals LIMIT 1")) {
      const moved = await database.write({}, async (transaction) => {
        await transaction.all(`SELECT pg_advisory_xact_lock(${lockKey("events")})`);
        return transaction.run(
          `WITH moved AS (DELETE FROM event_arrivals WHERE id IN (SELECT id FROM event_arrivals ORDER BY id LIMIT ${AT_ONCE}) RETURNING *)
            INSERT INTO events (at, action, repository, tag, digest, "user", address, agent, detail)
            SELECT at, action, repository, tag, digest, "user", address, agent, detail FROM moved ORDER BY id`,
        );
      });
      if (moved < AT_ONCE) return;
    }
  });

  return {
    order,

    async events({ after, limit, since }) {
      await order();
      return (await database.all<EventRow>("SELECT * FROM events WHERE id > $1 AND at >= $2 ORDER BY id LIMIT $3", after, since ?? 0, limit)).map(eventOf);
    },

    async latestEvents({ before, limit }) {
      await order();
      return (await database.all<EventRow>("SELECT * FROM events WHERE id < $1 ORDER BY id DESC LIMIT $2", before ?? Number.MAX_SAFE_INTEGER, limit)).map(eventOf);
    },

    forgetEvents: async (upTo) => void (await database.write({}, (transaction) => transaction.run("DELETE FROM events WHERE id <= $1", upTo))),

    async cursor(reader) {
      await order();
      return database.write({}, async (transaction) => {
        await transaction.run("INSERT INTO event_cursors (reader, event) SELECT $1, coalesce(max(id), 0) FROM events ON CONFLICT DO NOTHING", reader);
        return (await transaction.get<{ event: number }>("SELECT event FROM event_cursors WHERE reader = $1", reader))!.event;
      });
    },

    moveCursor: (reader, event) => database.write({ lazily: true }, async (transaction) => void (await transaction.run("UPDATE event_cursors SET event = $1 WHERE reader = $2", event, reader))),

    logIncidents: (incidents) =>
      database.write({ lazily: true }, async (transaction) => {
        for (const incident of incidents) transaction.logOnly(incident);
      }),

    async tidy() {
      await order();
      await database.write({ lazily: true }, (transaction) => transaction.run("DELETE FROM changes WHERE at < now() - $1 * interval '1 ms'", KEPT));
    },
  };
}
