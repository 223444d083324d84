import { eventRow, type EventRow, type NewEvent } from "../rows.ts";
import type { Clock } from "./clock.ts";
import type { PostgresReader, PostgresValue } from "./postgres-database.ts";

/** What one transaction can do. */
export interface Transaction extends PostgresReader {
  readonly now: number;
  /** @returns how many rows changed */
  run(sql: string, ...values: PostgresValue[]): Promise<number>;
  /** Writes the event of a change, which other processes will see in their memory too. */
  log(event: NewEvent): void;
  /** The same for what has changed no record. */
  logOnly(event: NewEvent): void;
  /** Has all processes forget what they remember of a repository, or of what else has a name here. */
  changed(what: string): void;
}

/** What has no repository and is remembered all the same. */
export const CATALOG = "*";
export const SECRETS = "";

type Query = (sql: string, values: readonly PostgresValue[]) => Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;

export function createTransaction(query: Query, clock: Clock): Transaction & { finish(): Promise<void> } {
  const events: Omit<EventRow, "id">[] = [];
  const changes = new Set<string>();
  const all = async <Row>(sql: string, ...values: PostgresValue[]): Promise<Row[]> => (await query(sql, values)).rows as Row[];
  const now = clock.now();
  return {
    now,
    all,
    get: async <Row>(sql: string, ...values: PostgresValue[]) => (await all<Row>(sql, ...values))[0],
    run: async (sql, ...values) => (await query(sql, values)).rowCount ?? 0,
    log(event) {
      events.push(eventRow(event, now));
      changes.add(event.repository);
    },
    logOnly: (event) => void events.push(eventRow(event, now)),
    changed: (what) => void changes.add(what),
    async finish() {
      if (changes.size > 0) await query("INSERT INTO changes (what) SELECT unnest($1::text[])", [[...changes]]);
      if (events.length === 0) return;
      const column = (name: keyof Omit<EventRow, "id">): (string | number | null)[] => events.map((event) => event[name]);
      await query(
        `INSERT INTO event_arrivals (at, action, repository, tag, digest, "user", address, agent, detail)
          SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])`,
        [column("at"), column("action"), column("repository"), column("tag"), column("digest"), column("user"), column("address"), column("agent"), column("detail")],
      );
    },
  };
}
