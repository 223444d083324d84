import type { Overview } from "../overview.ts";
import { detailsOf, type TagRow } from "../rows.ts";
import type { Totals, Vitals } from "../vitals.ts";
import { LIVE, repositoryId, type PostgresContext } from "./context.ts";
import { readList } from "./lists.ts";
import type { PostgresReader } from "./postgres-database.ts";

/** What people look at, and what says how the records are doing. Nothing of it is kept in memory: they look now and then. */
export function overviewPart({ database }: PostgresContext): Omit<Overview, "latestEvents"> & Vitals {
  return {
    async tagDetails(repository, range) {
      const id = await repositoryId(database, repository);
      return id === undefined ? undefined : readList<TagRow, ReturnType<typeof detailsOf>>(
        database,
        `SELECT tags.name AS tag, tags.digest, media_type, tags.pushed_at, tags.pushed_by, tags.pulled_at, pulls,
            (SELECT count(*) FROM manifests r WHERE r.repository_id = tags.repository_id AND r.subject = tags.digest) AS referrers
          FROM tags JOIN manifests USING (repository_id, digest) WHERE repository_id = $1 AND tags.name > $2 ORDER BY tags.name`,
        [id, range.after ?? ""], range, detailsOf,
      );
    },

    async repositoryUse(repository) {
      const id = await repositoryId(database, repository);
      if (id === undefined) return undefined;
      const row = (await database.get<{ tags: number; size: number; pushed_at: number | null }>(
        `SELECT (SELECT count(*) FROM tags WHERE repository_id = $1) AS tags, (SELECT max(pushed_at) FROM tags WHERE repository_id = $1) AS pushed_at,
          (SELECT coalesce(sum(size), 0)::bigint FROM repository_blobs JOIN blobs USING (digest) WHERE repository_id = $1) AS size`, id,
      ))!;
      return { tags: row.tags, size: row.size, pushedAt: row.pushed_at ?? undefined };
    },

    async storedSize() {
      return (await database.get<{ size: number }>(`SELECT coalesce(sum(size), 0)::bigint AS size FROM blobs WHERE state = ${LIVE}`))!.size;
    },

    async checkWritable() {
      // Whoever only follows another server refuses that.
      await database.write({ lazily: true }, (transaction) => transaction.run("UPDATE settings SET value = value WHERE name = 'registry'"));
    },

    async place() {
      // A restored dump makes its tables anew; a restored server, and a follower that has become the server, begin another line of time.
      const { own, events } = (await database.get<{ own: number; events: number }>("SELECT 'settings'::regclass::oid::bigint AS own, 'events'::regclass::oid::bigint AS events"))!;
      return `database ${await serverOf(database)} ${own} ${events}`;
    },

    async totals() {
      return (await database.get<Totals>("SELECT (SELECT count(*) FROM repositories) AS repositories, count(*) AS blobs, coalesce(sum(size), 0)::bigint AS bytes FROM blobs"))!;
    },
  };
}

/** What a service says that runs a server for others: not allowed, not there, not supported. */
const UNTOLD = ["42501", "42883", "0A000"];

/**
 * The server and its line of time, that of what it writes: its last checkpoint may be of before it took over. Services that do not tell this of theirs are not
 * left without replication.
 */
async function serverOf(reader: PostgresReader): Promise<string> {
  try {
    const row = (await reader.get<{ system: string; line: string }>("SELECT (SELECT system_identifier FROM pg_control_system())::text AS system, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS line"))!;
    return `${row.system} ${Number.parseInt(row.line, 16)}`;
  } catch (error) {
    const { code, cause } = error as NodeJS.ErrnoException;
    if (UNTOLD.includes(code ?? "") || UNTOLD.includes((cause as NodeJS.ErrnoException | undefined)?.code ?? "")) return "untold";
    throw error;
  }
}
