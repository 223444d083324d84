import { globExpressions } from "../../../std/glob.ts";
import { concernedBy, demandRoom, type Added, type CountedTogether, type Limit, type Usage } from "../limits.ts";
import { lockKey, type PostgresDatabase, type PostgresReader } from "./postgres-database.ts";
import type { Transaction } from "./transaction.ts";

/** A sum that nobody has asked for since so long is that of a quota that is gone, in milliseconds. */
const UNUSED = 30 * 24 * 3_600_000;

/**
 * What the repositories of limits use. To sum up a namespace with many blobs takes a good part of a second, for which all pushes into it would wait; so the database keeps the sums
 * (sum-triggers.ts), whoever changes what they count. A transaction that has added something has its sum to itself until it ends.
 */
export interface LimitSums {
  /** Sees to it that there are sums of these. Outside of transactions that write: it waits for those. */
  ready(limits: readonly Limit[]): Promise<void>;
  /** Inside of the transaction that has added something. Throws what the client is told where there is no room. */
  keep(transaction: Transaction, repository: string, limits: readonly Limit[], added: Added): Promise<void>;
  usage(of: CountedTogether, digest: string | undefined): Promise<Usage>;
  /** In words. `mend` sums up anew. */
  findWrong(mend: boolean): Promise<readonly string[]>;
}

interface SumRow {
  readonly name: string;
  readonly pattern: string;
  readonly bytes: number;
  readonly largest: number;
  readonly tags: number;
}

/** What is there, by an expression for names; `$1`. */
const SUM = `SELECT coalesce(sum(size), 0)::bigint AS bytes, coalesce(max(size), 0)::bigint AS largest,
    (SELECT count(*) FROM tags JOIN repositories ON id = repository_id WHERE repositories.name ~ $1) AS tags
  FROM blobs WHERE digest IN (SELECT digest FROM repository_blobs JOIN repositories ON id = repository_id WHERE name ~ $1)`;

export function createLimitSums(database: PostgresDatabase): LimitSums {
  const made = new Set<string>();

  const make = (limit: Limit): Promise<void> =>
    database.write({}, async (transaction) => {
      const pattern = namesExpression(limit.patterns);
      const isKnown = (): Promise<unknown> => transaction.get("SELECT 1 FROM limit_sums WHERE name = $1 AND pattern = $2", limit.name, pattern);
      if (await isKnown()) {
        await transaction.run("UPDATE limit_sums SET asked_at = $1 WHERE name = $2", transaction.now, limit.name);
        return;
      }
      // Until here it has only read: two who had each written to the table would wait for each other.
      await transaction.all("LOCK TABLE limit_sums IN EXCLUSIVE MODE");
      if (await isKnown()) return;
      await transaction.run("DELETE FROM limit_sums WHERE (name = $1 AND pattern <> $2) OR asked_at < $3", limit.name, pattern, transaction.now - UNUSED);
      await transaction.run(`INSERT INTO limit_sums (pattern, bytes, largest, tags, name, asked_at) SELECT $1, sums.*, $2, $3 FROM (${SUM}) AS sums ON CONFLICT DO NOTHING`, pattern, limit.name, transaction.now);
    });

  /** By the sum that is kept; undefined where there is none. `except`: a repository that does not count as one that has the blob. */
  const kept = (reader: PostgresReader, name: string, { digest = "", except = "" }): Promise<Usage | undefined> =>
    reader.get<Usage>(
      `SELECT bytes, largest, tags, EXISTS (SELECT 1 FROM repository_blobs JOIN repositories r ON r.id = repository_id WHERE digest = $2 AND r.name <> $3 AND r.name ~ pattern) AS has
        FROM limit_sums WHERE limit_sums.name = $1`,
      name, digest, except,
    );

  return {
    async ready(limits) {
      for (const limit of limits) {
        if (made.has(limit.name)) continue;
        await make(limit);
        made.add(limit.name);
      }
    },

    async keep(transaction, repository, limits, added) {
      for (const limit of concernedBy(limits, added)) {
        const asked = "tags" in added ? {} : { digest: added.blob.digest, except: repository };
        let usage = await kept(transaction, limit.name, asked);
        if (!usage) {
          // Somebody has taken it away. What is read after the lock shows what all who had it before have committed.
          made.delete(limit.name);
          await transaction.all(`SELECT pg_advisory_xact_lock(${lockKey(`limit ${limit.name}`)})`);
          usage = await usageOf(transaction, limit.covers, asked);
        }
        demandRoom(limit, added, usage);
      }
    },

    usage: async ({ name, covers }, digest) => {
      const asked = digest === undefined ? {} : { digest };
      return (name === undefined ? undefined : await kept(database, name, asked)) ?? usageOf(database, covers, asked);
    },

    async findWrong(mend) {
      const wrong: string[] = [];
      for (const { name } of await database.all<{ name: string }>("SELECT name FROM limit_sums ORDER BY name")) {
        await database.write({}, async (transaction) => {
          const row = await transaction.get<SumRow>("SELECT name, pattern, bytes, largest, tags FROM limit_sums WHERE name = $1 FOR UPDATE", name);
          if (!row) return;
          const is = (await transaction.get<Omit<SumRow, "name" | "pattern">>(SUM, row.pattern))!;
          if (row.bytes === is.bytes && row.tags === is.tags && row.largest >= is.largest) return;
          wrong.push(`the sum of the ${name} says ${row.bytes} bytes and ${row.tags} tags; ${is.bytes} bytes and ${is.tags} tags are there`);
          if (mend) await transaction.run("UPDATE limit_sums SET bytes = $1, largest = $2, tags = $3 WHERE name = $4", is.bytes, is.largest, is.tags, name);
        });
      }
      return wrong;
    },
  };
}

/** Patterns of repository names as one regular expression of PostgreSQL. */
export function namesExpression(patterns: readonly string[]): string {
  const expressions = patterns.flatMap((pattern) => (pattern === "*" || pattern === "**" ? [".*"] : globExpressions(pattern, { any: "." })));
  return `^(?:${expressions.join("|")})$`;
}

/** The use by adding it up. */
async function usageOf(reader: PostgresReader, covers: (repository: string) => boolean, { digest = "", except = "" }): Promise<Usage> {
  const covered = (await reader.all<{ id: number; name: string }>("SELECT id, name FROM repositories")).filter(({ name }) => covers(name));
  return (await reader.get<Usage>(
    `SELECT coalesce(sum(size), 0)::bigint AS bytes, coalesce(max(size), 0) AS largest,
        (SELECT count(*) FROM tags WHERE repository_id = ANY ($1::bigint[])) AS tags,
        EXISTS (SELECT 1 FROM repository_blobs WHERE digest = $2 AND repository_id = ANY ($3::bigint[])) AS has
      FROM blobs WHERE digest IN (SELECT digest FROM repository_blobs WHERE repository_id = ANY ($1::bigint[]))`,
    covered.map(({ id }) => id), digest, covered.filter(({ name }) => name !== except).map(({ id }) => id),
  ))!;
}
