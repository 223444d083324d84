import type { Digest } from "../../../oci/digest.ts";
import { discardedOf, factsOf, type FactsRow, type TrashRow } from "../rows.ts";
import type { Trash } from "../trash.ts";
import { repositoryId, type PostgresContext } from "./context.ts";
import { dropManifests, dropTag, setTag, taggedDigest } from "./manifest-rows.ts";
import { BELONGING, HELD } from "./reached.ts";

/** Tags on their way out. */
export function trashPart(context: PostgresContext): Trash {
  const { database } = context;
  return {
    async tagFacts(repository) {
      // Docker and containerd ask for the tag by HEAD, which is no pull, and pull what it named by digest.
      const rows = await database.all<FactsRow>(
        `SELECT tags.name AS tag, tags.digest, tags.pushed_at, greatest(tags.pulled_at, image.pulled_at) AS pulled_at,
            EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = tags.repository_id AND m.subject = tags.digest)::int AS signed,
            (SELECT index_tag.name FROM manifest_references r JOIN tags index_tag ON index_tag.repository_id = r.repository_id AND index_tag.digest = r.manifest
              WHERE r.repository_id = tags.repository_id AND r.digest = tags.digest AND r.kind = 'manifest' LIMIT 1) AS part_of
          FROM tags JOIN repositories ON repositories.id = tags.repository_id
            LEFT JOIN manifests image ON image.repository_id = tags.repository_id AND image.digest = tags.digest
          WHERE repositories.name = $1 ORDER BY tags.name`,
        repository,
      );
      return rows.map(factsOf);
    },

    discardTag: (repository, { tag, digest }, { actor, reason, keepFor }) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        if (id === undefined || (await taggedDigest(transaction, id, tag)) !== digest) return false;
        await dropTag(context, transaction, id, { repository, tag, digest, actor, detail: { reason } });
        await transaction.run(
          "INSERT INTO trash (repository_id, tag, digest, discarded_at, expires_at, discarded_by, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)",
          id, tag, digest, transaction.now, transaction.now + keepFor, actor.user ?? null, reason,
        );
        return true;
      }),

    async discarded(repository) {
      const rows = await database.all<TrashRow>(
        `SELECT repositories.name AS repository, tag, digest, discarded_at, expires_at, discarded_by, reason FROM trash JOIN repositories ON repositories.id = repository_id
          WHERE ($1::text IS NULL OR repositories.name = $1) AND expires_at > $2 ORDER BY trash.id DESC`,
        repository ?? null, database.clock.now(),
      );
      return rows.map(discardedOf);
    },

    restoreTag: (repository, tag, actor) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        const row = id === undefined ? undefined : await transaction.get<{ id: number; digest: Digest }>("SELECT id, digest FROM trash WHERE repository_id = $1 AND tag = $2 AND expires_at > $3 ORDER BY id DESC LIMIT 1", id, tag, transaction.now);
        if (id === undefined || !row) return "not in the trash";
        if ((await taggedDigest(transaction, id, tag)) !== undefined) return "the tag is there again";
        const manifest = await transaction.get<{ media_type: string; size: number; bytes: Uint8Array }>("SELECT media_type, size, bytes FROM manifests WHERE repository_id = $1 AND digest = $2", id, row.digest);
        // Somebody has deleted the image itself meanwhile.
        if (!manifest) return "not in the trash";
        const { media_type: mediaType, size, bytes } = manifest;
        await setTag(context, transaction, id, { tag, manifest: { digest: row.digest, mediaType, size, bytes }, pushed: { at: transaction.now, by: actor.user }, before: undefined });
        await transaction.run("DELETE FROM trash WHERE id = $1", row.id);
        transaction.log({ action: "tag.restore", repository, tag, digest: row.digest, actor });
        return "restored";
      }),

    async emptyTrash({ limit, actor }) {
      const rows = await database.all<{ id: number; repository_id: number; name: string; digest: Digest }>(
        "SELECT trash.id, repository_id, name, digest FROM trash JOIN repositories ON repositories.id = repository_id WHERE expires_at < $1 ORDER BY trash.id LIMIT $2", database.clock.now(), limit,
      );
      const count = { tags: 0, manifests: 0 };
      // Each in a transaction of its own, since each locks its repository; another process may be at it too.
      for (const { id, repository_id, name, digest } of rows) {
        const removed = await database.write({ repository: name }, async (transaction) => {
          if ((await transaction.run("DELETE FROM trash WHERE id = $1", id)) === 0) return undefined;
          const doomed = await transaction.all<{ digest: Digest }>(
            `WITH RECURSIVE ${BELONGING}, ${HELD} SELECT digest FROM manifests WHERE repository_id = $1 AND digest IN (SELECT digest FROM belonging) AND digest NOT IN (SELECT digest FROM held)`,
            repository_id, transaction.now - context.lease, transaction.now, digest,
          );
          await dropManifests(transaction, repository_id, name, doomed.map((each) => each.digest), actor);
          return doomed.length;
        });
        count.tags += 1;
        count.manifests += removed ?? 0;
      }
      return count;
    },
  };
}
