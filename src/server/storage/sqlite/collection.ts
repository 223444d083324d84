import type { Digest } from "../../../oci/digest.ts";
import type { Collection } from "../collection.ts";
import { DELETING, forgetLists, LIVE, logEvent, repositoryId, type SqliteContext } from "./context.ts";
import { REACHED } from "./reached.ts";
import { dropManifest } from "./removals.ts";

/** What the collector takes. */
export function collectionPart(context: SqliteContext): Collection {
  const { database, cache } = context;
  return {
    collectManifests: (repository, { before, limit, actor }) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        if (id === undefined) return [];
        const rows = database.all<{ digest: Digest }>(
          `WITH RECURSIVE ${REACHED} SELECT digest FROM manifests WHERE repository_id = ?1 AND digest NOT IN (SELECT digest FROM reached) LIMIT ?4`, id, before, Date.now(), limit,
        );
        for (const { digest } of rows) dropManifest(context, id, repository, digest, actor);
        if (rows.length > 0) forgetLists(context, repository);
        return rows.map(({ digest }) => digest);
      }),

    collectLinks: (repository, { before, limit, actor }) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        if (id === undefined) return [];
        const rows = database.all<{ digest: Digest }>(
          `SELECT digest FROM repository_blobs JOIN blobs USING (digest)
            WHERE repository_id = ?1 AND linked_at < ?2 AND leased_until < ?3
              AND NOT EXISTS (SELECT 1 FROM manifest_references r WHERE r.digest = repository_blobs.digest AND r.repository_id = ?1)
            LIMIT ?4`,
          id, before, Date.now(), limit,
        );
        if (rows.length > 0) context.totals.removed();
        for (const { digest } of rows) {
          database.run("DELETE FROM repository_blobs WHERE repository_id = ? AND digest = ?", id, digest);
          cache.blobs.delete(`${repository}@${digest}`);
          logEvent(context, { action: "blob.delete", repository, digest, actor });
        }
        return rows.map(({ digest }) => digest);
      }),

    collectRepository: (repository, { before }) =>
      database.write(() => {
        const { changes } = database.run(
          `DELETE FROM repositories WHERE name = ?1 AND created_at < ?2
            AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = repositories.id)
            AND NOT EXISTS (SELECT 1 FROM tags WHERE repository_id = repositories.id)
            AND NOT EXISTS (SELECT 1 FROM trash WHERE repository_id = repositories.id)
            AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_id = repositories.id)`,
          repository, before,
        );
        if (changes === 0) return false;
        cache.repositories.delete(repository);
        cache.catalog = cache.newGeneration();
        return true;
      }),

    collectBlobs: ({ limit }) =>
      database.write(() => {
        const now = Date.now();
        const rows = database.all<{ digest: Digest; size: number }>(
          `SELECT digest, size FROM blobs WHERE state = ${LIVE} AND leased_until < ?
            AND NOT EXISTS (SELECT 1 FROM repository_blobs WHERE repository_blobs.digest = blobs.digest) LIMIT ?`,
          now, limit,
        );
        for (const { digest } of rows) database.run(`UPDATE blobs SET state = ${DELETING}, version = version + 1, leased_until = ? WHERE digest = ?`, now, digest);
        return rows;
      }),

    claimLeftover: (digest) =>
      database.write(() =>
        database.run(`INSERT OR IGNORE INTO blobs (digest, size, state, leased_until, created_at) VALUES (?, 0, ${DELETING}, ?, ?)`, digest, Date.now(), Date.now()).changes > 0),
  };
}
