import type { Overview } from "../overview.ts";
import { detailsOf, eventOf, type EventRow } from "../rows.ts";
import { findRepository, LIVE, type SqliteContext } from "./context.ts";
import { readList } from "./lists.ts";

/** What people look at. Nothing of it is kept in memory: they look now and then. */
export function overviewPart(context: SqliteContext): Overview {
  const { database } = context;
  const idOf = (name: string): number | undefined => {
    database.checkVersion();
    return findRepository(context, name)?.id;
  };
  return {
    async tagDetails(repository, range) {
      const id = idOf(repository);
      return id === undefined ? undefined : readList(
        database,
        `SELECT tags.name AS tag, tags.digest, media_type, tags.pushed_at, tags.pushed_by, tags.pulled_at, pulls,
            (SELECT count(*) FROM manifests r WHERE r.repository_id = tags.repository_id AND r.subject = tags.digest) AS referrers
          FROM tags JOIN manifests USING (repository_id, digest) WHERE repository_id = ? AND tags.name > ? ORDER BY tags.name`,
        [id, range.after ?? ""], range, detailsOf,
      );
    },

    async repositoryUse(repository) {
      const id = idOf(repository);
      if (id === undefined) return undefined;
      const row = database.get<{ tags: number; size: number; pushed_at: number | null }>(
        `SELECT (SELECT count(*) FROM tags WHERE repository_id = ?1) AS tags, (SELECT max(pushed_at) FROM tags WHERE repository_id = ?1) AS pushed_at,
          (SELECT coalesce(sum(size), 0) FROM repository_blobs JOIN blobs USING (digest) WHERE repository_id = ?1) AS size`, id,
      )!;
      return { tags: row.tags, size: row.size, pushedAt: row.pushed_at ?? undefined };
    },

    async storedSize() {
      return database.get<{ size: number }>(`SELECT coalesce(sum(size), 0) AS size FROM blobs WHERE state = ${LIVE}`)!.size;
    },

    async latestEvents({ before, limit }) {
      return database.all<EventRow>("SELECT * FROM events WHERE id < ? ORDER BY id DESC LIMIT ?", before ?? Number.MAX_SAFE_INTEGER, limit).map(eventOf);
    },
  };
}
