import type { Locks } from "../locks.ts";
import { lockKey, type PostgresDatabase } from "./postgres-database.ts";

/** How often a lock is looked after, in milliseconds: a connection may be gone without a word. */
const LOOK = 5000;
/** How long the answer to such a look may take, in milliseconds. */
const ANSWER = 10_000;
/** For how long a server believes to have a lock whose connection is gone, in milliseconds: it is to have stopped before the database gives the lock to another one. */
export const BELIEVED = LOOK + ANSWER;

/** Advisory locks, each of a connection of its own: the database gives them up with it. */
export function createLocks(database: Pick<PostgresDatabase, "session">, { look = LOOK, answer = ANSWER } = {}): Locks {
  return {
    async tryLock(name) {
      const client = await database.session();
      const lost = new AbortController();
      const inTime = { text: "SELECT 1", query_timeout: answer };
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
      let asked = false;
      watch = setInterval(() => {
        if (asked) return;
        asked = true;
        client.query(inTime).then(() => (asked = false), lose);
      }, look).unref();
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
