import type { Digest } from "../../../oci/digest.ts";
import type { Actor } from "../records.ts";
import type { LimitSums } from "./limit-sums.ts";
import type { PostgresDatabase } from "./postgres-database.ts";
import type { ReadCache } from "./read-cache.ts";
import { CATALOG, type Transaction } from "./transaction.ts";

/** What the parts of the PostgreSQL driver share. */
export interface PostgresContext {
  readonly database: PostgresDatabase;
  readonly cache: ReadCache;
  readonly sums: LimitSums;
  /** How long the collector must leave a blob alone that a client relies on, in milliseconds. */
  readonly lease: number;
}

/** A little more than the time that is promised, so that not every request has to renew a lease. */
export function leaseEnd({ lease, database }: PostgresContext): number {
  return database.clock.now() + lease + Math.ceil(lease / 10);
}

/** Values of `blobs.state`. */
export const LIVE = 1;
export const DELETING = 2;

/** About what a short entry of the memory costs. */
export const COST_OF_NAME = 400;

/** The id of a repository, which stays as long as the transaction holds its lock. */
export async function repositoryId(reader: Pick<Transaction, "get">, name: string): Promise<number | undefined> {
  return (await reader.get<{ id: number }>("SELECT id FROM repositories WHERE name = $1", name))?.id;
}

export async function findOrCreateRepository(transaction: Transaction, name: string, actor: Actor): Promise<number> {
  const known = await repositoryId(transaction, name);
  if (known !== undefined) return known;
  const { id } = (await transaction.get<{ id: number }>("INSERT INTO repositories (name, created_at) VALUES ($1, $2) RETURNING id", name, transaction.now))!;
  transaction.changed(CATALOG);
  transaction.log({ action: "repository.create", repository: name, actor });
  return id;
}

/** Tags that lead to a manifest or blob: name it, or an image or index that names it. */
export async function tagsAbove(transaction: Transaction, id: number, digest: Digest): Promise<readonly string[]> {
  const rows = await transaction.all<{ name: string }>(
    `WITH RECURSIVE above (digest) AS (
      SELECT $2::text COLLATE "C" UNION SELECT r.manifest FROM above JOIN manifest_references r ON r.repository_id = $1 AND r.digest = above.digest
    ) SELECT name FROM tags WHERE repository_id = $1 AND digest IN (SELECT digest FROM above) ORDER BY name`,
    id, digest,
  );
  return rows.map(({ name }) => name);
}
