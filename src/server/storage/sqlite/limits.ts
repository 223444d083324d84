import { concernedBy, demandRoom, type Added, type Limit, type Usage } from "../limits.ts";
import type { SqliteContext } from "./context.ts";

/** What the repositories use. @param options `except`: a repository that does not count as one that has the blob */
export function usageOf({ database }: SqliteContext, covers: (repository: string) => boolean, { digest = "", except = "" } = {}): Usage {
  const covered = database.all<{ id: number; name: string }>("SELECT id, name FROM repositories").filter(({ name }) => covers(name));
  const row = database.get<{ bytes: number; tags: number; has: number }>(
    `WITH ids AS MATERIALIZED (SELECT value AS id FROM json_each(?1))
      SELECT (SELECT coalesce(sum(size), 0) FROM blobs WHERE digest IN (SELECT digest FROM ids JOIN repository_blobs ON repository_id = ids.id)) AS bytes,
        (SELECT count(*) FROM ids JOIN tags ON repository_id = ids.id) AS tags,
        EXISTS (SELECT 1 FROM repository_blobs WHERE digest = ?2 AND repository_id IN (SELECT value FROM json_each(?3))) AS has`,
    JSON.stringify(covered.map(({ id }) => id)), digest, JSON.stringify(covered.filter(({ name }) => name !== except).map(({ id }) => id)),
  )!;
  return { bytes: row.bytes, tags: row.tags, has: row.has === 1 };
}

/** Inside of the transaction that has added something; there is one at a time. */
export function keepLimits(context: SqliteContext, repository: string, limits: readonly Limit[], added: Added): void {
  for (const limit of concernedBy(limits, added)) {
    demandRoom(limit, added, usageOf(context, limit.covers, "tags" in added ? {} : { digest: added.blob.digest, except: repository }));
  }
}
