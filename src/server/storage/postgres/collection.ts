import type { Digest } from "../../../oci/digest.ts";
import type { Collection } from "../collection.ts";
import { DELETING, LIVE, repositoryId, type PostgresContext } from "./context.ts";
import { dropManifests } from "./manifest-rows.ts";
import { REACHED } from "./reached.ts";
import { CATALOG } from "./transaction.ts";

/**
 * What the collector takes. Rows of blobs that somebody else has locked it leaves for the next time; of those that it has locked it looks at
 * leases and links once more.
 */
export function collectionPart({ database }: PostgresContext): Collection {
  const { clock } = database;
  return {
    collectManifests: (repository, { before, limit, actor }) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        if (id === undefined) return [];
        const rows = await transaction.all<{ digest: Digest }>(
          `WITH RECURSIVE ${REACHED} SELECT digest FROM manifests WHERE repository_id = $1 AND digest NOT IN (SELECT digest FROM reached) LIMIT $4`,
          id, clock.shift(before), transaction.now, limit,
        );
        const digests = rows.map(({ digest }) => digest);
        await dropManifests(transaction, id, repository, digests, actor);
        return digests;
      }),

    collectLinks: (repository, { before, limit, actor }) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        if (id === undefined) return [];
        const rows = await transaction.all<{ digest: Digest }>(
          `SELECT digest FROM repository_blobs JOIN blobs USING (digest)
            WHERE repository_id = $1 AND linked_at < $2 AND leased_until < $3
              AND NOT EXISTS (SELECT 1 FROM manifest_references r WHERE r.digest = repository_blobs.digest AND r.repository_id = $1)
            LIMIT $4 FOR UPDATE OF blobs SKIP LOCKED`,
          id, clock.shift(before), transaction.now, limit,
        );
        const digests = rows.map(({ digest }) => digest);
        if (digests.length > 0) await transaction.run("DELETE FROM repository_blobs WHERE repository_id = $1 AND digest = ANY ($2::text[])", id, digests);
        for (const digest of digests) transaction.log({ action: "blob.delete", repository, digest, actor });
        return digests;
      }),

    collectRepository: (repository, { before }) =>
      database.write({ repository }, async (transaction) => {
        const removed = await transaction.run(
          `DELETE FROM repositories WHERE name = $1 AND created_at < $2
            AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = repositories.id)
            AND NOT EXISTS (SELECT 1 FROM tags WHERE repository_id = repositories.id)
            AND NOT EXISTS (SELECT 1 FROM trash WHERE repository_id = repositories.id)
            AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_id = repositories.id)`,
          repository, clock.shift(before),
        );
        if (removed === 0) return false;
        for (const what of [repository, CATALOG]) transaction.changed(what);
        return true;
      }),

    collectBlobs: ({ limit }) =>
      database.write({}, async (transaction) => {
        const rows = await transaction.all<{ digest: Digest }>(
          `SELECT digest FROM blobs WHERE state = ${LIVE} AND leased_until < $1
            AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.digest = blobs.digest) LIMIT $2 FOR UPDATE SKIP LOCKED`,
          transaction.now, limit,
        );
        if (rows.length === 0) return [];
        return transaction.all<{ digest: Digest; size: number }>(
          `UPDATE blobs SET state = ${DELETING}, version = version + 1, leased_until = $1
            WHERE digest = ANY ($2::text[]) AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.digest = blobs.digest) RETURNING digest, size`,
          transaction.now, rows.map(({ digest }) => digest),
        );
      }),

    claimLeftover: async (digest) =>
      (await database.write({}, (transaction) =>
        transaction.run(`INSERT INTO blobs (digest, size, state, leased_until, created_at) VALUES ($1, 0, ${DELETING}, $2, $2) ON CONFLICT DO NOTHING`, digest, transaction.now))) > 0,
  };
}
