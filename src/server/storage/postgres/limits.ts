import { concernedBy, demandRoom, type Added, type Limit, type Usage } from "../limits.ts";
import { lockKey, type PostgresReader } from "./postgres-database.ts";
import type { Transaction } from "./transaction.ts";

/** What the repositories use. @param options `except`: a repository that does not count as one that has the blob */
export async function usageOf(reader: PostgresReader, covers: (repository: string) => boolean, { digest = "", except = "" } = {}): Promise<Usage> {
  const covered = (await reader.all<{ id: number; name: string }>("SELECT id, name FROM repositories")).filter(({ name }) => covers(name));
  return (await reader.get<Usage>(
    `SELECT coalesce(sum(size), 0)::bigint AS bytes, coalesce(max(size), 0) AS largest,
        (SELECT count(*) FROM tags WHERE repository_id = ANY ($1::bigint[])) AS tags,
        EXISTS (SELECT 1 FROM repository_blobs WHERE digest = $2 AND repository_id = ANY ($3::bigint[])) AS has
      FROM blobs WHERE digest IN (SELECT digest FROM repository_blobs WHERE repository_id = ANY ($1::bigint[]))`,
    covered.map(({ id }) => id), digest, covered.filter(({ name }) => name !== except).map(({ id }) => id),
  ))!;
}

/**
 * The last thing before a commit. The lock of the limit ends with the transaction, and what is read after it shows what all who had it before have
 * committed. Nothing else is locked after it, so that nobody waits in a circle.
 */
export async function keepLimits(transaction: Transaction, repository: string, limits: readonly Limit[], added: Added): Promise<void> {
  for (const limit of concernedBy(limits, added)) {
    await transaction.all(`SELECT pg_advisory_xact_lock(${lockKey(`limit ${limit.name}`)})`);
    demandRoom(limit, added, await usageOf(transaction, limit.covers, "tags" in added ? {} : { digest: added.blob.digest, except: repository }));
  }
}
