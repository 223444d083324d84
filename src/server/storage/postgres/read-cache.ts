import { createBoundedCache } from "../bounded-cache.ts";
import { shareRuns } from "../share-runs.ts";
import { CLOCK } from "./clock.ts";
import type { PostgresDatabase } from "./postgres-database.ts";

const MEBIBYTE = 1024 * 1024;
/** How long the database keeps what was changed for those that remember, and how long these believe that it did; in milliseconds. */
export const KEPT = 10 * 60_000;
const BELIEVED = 5 * 60_000;

/** What is remembered of one repository, at one moment. */
export interface Remembered {
  /** From memory, or from `load`; what is not there is not remembered. */
  read<Value>(key: string, load: () => Promise<Value | undefined>, costOf: (value: Value) => number): Promise<Value | undefined>;
  set(key: string, value: unknown, cost: number): void;
}

/**
 * What was read lately, within bounds. Before anything is answered from it, the database is asked what has been committed since the last
 * time: one short query at a time, which all wait for that came before it began. So what one process has changed every other one shows at once, and
 * there is no message that could be lost.
 *
 * A question names the snapshot of the one before (pg_current_snapshot): what has changed in between are the rows of `changes` whose
 * transaction that snapshot did not show.
 */
export interface ReadCache {
  of(what: string): Promise<Remembered>;
}

interface Answer {
  readonly server: string;
  readonly snapshot: string;
  readonly clock: number;
  readonly changed: readonly string[] | null;
}

const QUESTION = `SELECT pg_postmaster_start_time()::text AS server, pg_current_snapshot()::text AS snapshot, ${CLOCK} AS clock,
  (SELECT array_agg(DISTINCT what) FROM changes WHERE transaction >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(transaction, $1::pg_snapshot)) AS changed`;

export function createReadCache(database: PostgresDatabase): ReadCache {
  const values = createBoundedCache<{ readonly value: unknown }>(20 * MEBIBYTE);
  /** Part of the keys: a new number forgets all that is known of a repository, and what is still being read of its past. */
  const generations = createBoundedCache<number>(4 * MEBIBYTE);
  const loading = new Map<string, Promise<unknown>>();
  let last = 0;
  let known: { readonly server: string; readonly snapshot: string; readonly asked: number } | undefined;

  const ask = shareRuns(async () => {
    const [asked, sent] = [performance.now(), Date.now()];
    const { server, snapshot, clock, changed } = (await database.get<Answer>(QUESTION, known?.snapshot ?? "1:1:"))!;
    database.clock.learn(clock, sent, Date.now());
    if (!known || known.server !== server || performance.now() - known.asked > BELIEVED) {
      generations.clear();
    } else {
      for (const what of changed ?? []) generations.delete(what);
    }
    known = { server, snapshot, asked };
  });

  const generationOf = (what: string): number => {
    let generation = generations.get(what);
    if (generation === undefined) generations.set(what, (generation = last += 1), 2 * what.length + 100);
    return generation;
  };

  return {
    async of(what) {
      await ask();
      const generation = generationOf(what);
      const set = (key: string, value: unknown, cost: number): void => values.set(`${generation} ${key}`, { value }, cost + 2 * key.length);
      return {
        set,
        async read<Value>(key: string, load: () => Promise<Value | undefined>, costOf: (value: Value) => number): Promise<Value | undefined> {
          const full = `${generation} ${key}`;
          const found = values.get(full);
          if (found) return found.value as Value;
          let run = loading.get(full) as Promise<Value | undefined> | undefined;
          if (!run) {
            run = load().finally(() => loading.delete(full));
            loading.set(full, run);
          }
          const value = await run;
          if (value !== undefined) set(key, value, costOf(value));
          return value;
        },
      };
    },
  };
}
