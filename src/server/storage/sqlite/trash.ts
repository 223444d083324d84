import type { Digest } from "../../../oci/digest.ts";
import { discardedOf, factsOf, type FactsRow, type TrashRow } from "../rows.ts";
import type { Trash } from "../trash.ts";
import { forgetLists, logEvent, repositoryId, type SqliteContext } from "./context.ts";
import { setTag } from "./manifest-rows.ts";
import { BELONGING, HELD } from "./reached.ts";
import { dropManifest, dropTag } from "./removals.ts";

/** Tags on their way out. */
export function trashPart(context: SqliteContext): Trash {
  const { database } = context;
  return {
    async tagFacts(repository) {
      // Docker and containerd ask for the tag by HEAD, which is no pull, and pull what it named by digest.
      const rows = database.all<FactsRow>(
        `SELECT tags.name AS tag, tags.digest, tags.pushed_at,
            nullif(max(coalesce(tags.pulled_at, 0), coalesce(image.pulled_at, 0)), 0) AS pulled_at,
            EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = tags.repository_id AND m.subject = tags.digest) AS signed,
            (SELECT index_tag.name FROM manifest_references r JOIN tags index_tag ON index_tag.repository_id = r.repository_id AND index_tag.digest = r.manifest
              WHERE r.repository_id = tags.repository_id AND r.digest = tags.digest AND r.kind = 'manifest' LIMIT 1) AS part_of
          FROM tags JOIN repositories ON repositories.id = tags.repository_id
            LEFT JOIN manifests image ON image.repository_id = tags.repository_id AND image.digest = tags.digest
          WHERE repositories.name = ? ORDER BY tags.name`,
        repository,
      );
      return rows.map(factsOf);
    },

    discardTag: (repository, { tag, digest }, { actor, reason, keepFor }) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        if (id === undefined || !database.get("SELECT 1 FROM tags WHERE repository_id = ? AND name = ? AND digest = ?", id, tag, digest)) return false;
        dropTag(context, id, repository, { name: tag, digest }, actor, { reason });
        const now = Date.now();
        database.run("INSERT INTO trash (repository_id, tag, digest, discarded_at, expires_at, discarded_by, reason) VALUES (?, ?, ?, ?, ?, ?, ?)", id, tag, digest, now, now + keepFor, actor.user ?? null, reason);
        forgetLists(context, repository);
        return true;
      }),

    async discarded(repository) {
      const rows = database.all<TrashRow>(
        `SELECT repositories.name AS repository, tag, digest, discarded_at, expires_at, discarded_by, reason FROM trash JOIN repositories ON repositories.id = repository_id
          WHERE (?1 IS NULL OR repositories.name = ?1) AND expires_at > ?2 ORDER BY trash.id DESC`,
        repository ?? null, Date.now(),
      );
      return rows.map(discardedOf);
    },

    restoreTag: (repository, tag, actor) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        const row = id === undefined ? undefined : database.get<{ id: number; digest: Digest }>("SELECT id, digest FROM trash WHERE repository_id = ? AND tag = ? AND expires_at > ? ORDER BY id DESC", id, tag, Date.now());
        if (id === undefined || !row) return "not in the trash";
        if (database.get("SELECT 1 FROM tags WHERE repository_id = ? AND name = ?", id, tag)) return "the tag is there again";
        const manifest = database.get<{ media_type: string; size: number; bytes: Uint8Array }>("SELECT media_type, size, bytes FROM manifests WHERE repository_id = ? AND digest = ?", id, row.digest);
        // Somebody has deleted the image itself meanwhile.
        if (!manifest) return "not in the trash";
        setTag(context, id, { tag, manifest: { digest: row.digest, mediaType: manifest.media_type, size: manifest.size, bytes: manifest.bytes }, pushed: { at: Date.now(), by: actor.user } });
        database.run("DELETE FROM trash WHERE id = ?", row.id);
        logEvent(context, { action: "tag.restore", repository, tag, digest: row.digest, actor });
        context.cache.tags.delete(`${repository}:${tag}`);
        forgetLists(context, repository);
        return "restored";
      }),

    emptyTrash: ({ limit, actor }) =>
      database.write(() => {
        const now = Date.now();
        const rows = database.all<{ id: number; repository_id: number; name: string; digest: Digest }>(
          "SELECT trash.id, repository_id, name, digest FROM trash JOIN repositories ON repositories.id = repository_id WHERE expires_at < ? LIMIT ?", now, limit,
        );
        let manifests = 0;
        for (const { id, repository_id, name, digest } of rows) {
          database.run("DELETE FROM trash WHERE id = ?", id);
          const doomed = database.all<{ digest: Digest }>(
            `WITH RECURSIVE ${BELONGING}, ${HELD} SELECT digest FROM manifests WHERE repository_id = ?1 AND digest IN (SELECT digest FROM belonging) AND digest NOT IN (SELECT digest FROM held)`,
            repository_id, now - context.lease, now, digest,
          );
          for (const each of doomed) dropManifest(context, repository_id, name, each.digest, actor);
          manifests += doomed.length;
          if (doomed.length > 0) forgetLists(context, name);
        }
        return { tags: rows.length, manifests };
      }),
  };
}
