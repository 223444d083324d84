import type { Locks } from "../locks.ts";
import { lockKey, type PostgresDatabase } from "./postgres-database.ts";

/** How often a lock is looked after, in milliseconds: a connection may be gone without a word. */
const LOOK = 10_000;

/** Advisory locks, each of a connection of its own: the database gives them up with it. */
export function createLocks(database: PostgresDatabase): Locks {
  return {
    async tryLock(name) {
      const client = await database.session();
      const lost = new AbortController();
      let watch: NodeJS.Timeout | undefined;
      let ended = false;
      const end = (broken: boolean): void => {
        if (ended) return;
        ended = true;
        clearInterval(watch);
        client.release(broken);
      };
      const lose = (): void => {
        lost.abort();
        end(true);
      };
      try {
        const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${lockKey(`lock ${name}`)}) AS locked`);
        if (!rows[0]!.locked) {
          end(false);
          return undefined;
        }
      } catch (error) {
        end(true);
        throw error;
      }
      client.once("error", lose);
      client.once("end", lose);
      watch = setInterval(() => void client.query("SELECT 1").catch(lose), LOOK).unref();
      return {
        lost: lost.signal,
        // A connection that is closed keeps nothing.
        async [Symbol.asyncDispose]() {
          client.off("end", lose);
          end(true);
        },
      };
    },
  };
}
