import type { Digest } from "../../../oci/digest.ts";
import type { Metadata } from "../metadata.ts";
import type { Actor } from "../records.ts";
import { DELETING, findOrCreateRepository, leaseEnd, LIVE, logEvent, repositoryId, tagsAbove, type SqliteContext } from "./context.ts";
import { createLeaseRenewals, renewLease } from "./lease-renewals.ts";
import { keepLimits } from "./limits.ts";
import { condemnObjectOf } from "./objects.ts";
import { COST_OF_NAME, type CachedBlob } from "./read-cache.ts";

type BlobPart = Pick<Metadata, "blobSize" | "leaseBlob" | "blobState" | "holders" | "addBlob" | "mountBlob" | "unlinkBlob" | "forgetBlob" | "abandonedBlobs">;

/** Blobs, which repository has them, and their leases. */
export function blobPart(context: SqliteContext): BlobPart {
  const { database, cache } = context;
  const renew = createLeaseRenewals(context);

  const find = (repository: string, digest: Digest): CachedBlob | undefined => {
    database.checkVersion();
    const key = `${repository}@${digest}`;
    const known = cache.blobs.get(key);
    if (known) return known;
    const row = database.get<{ size: number; leased_until: number }>(
      `SELECT size, leased_until FROM repositories JOIN repository_blobs ON repository_id = id JOIN blobs USING (digest)
        WHERE name = ? AND digest = ? AND state = ${LIVE}`,
      repository, digest,
    );
    if (!row) return undefined;
    const blob = { size: row.size, leasedUntil: row.leased_until };
    cache.blobs.set(key, blob, COST_OF_NAME);
    return blob;
  };

  /** Inside of a transaction. */
  const link = (repository: string, { digest, size }: { digest: Digest; size: number }, actor: Actor): boolean => {
    const id = findOrCreateRepository(context, repository, actor);
    if (database.run("INSERT OR IGNORE INTO repository_blobs (repository_id, digest, linked_at) VALUES (?, ?, ?)", id, digest, Date.now()).changes === 0) return false;
    context.totals.linked(repository, digest, size);
    return true;
  };
  const isLinked = (id: number, digest: Digest): boolean => database.get("SELECT 1 FROM repository_blobs WHERE repository_id = ? AND digest = ?", id, digest) !== undefined;
  const stateOf = (digest: Digest): number | undefined => database.get<{ state: number }>("SELECT state FROM blobs WHERE digest = ?", digest)?.state;

  return {
    blobSize: async (repository, digest) => find(repository, digest)?.size,

    async leaseBlob(repository, digest) {
      const blob = find(repository, digest);
      if (!blob || blob.leasedUntil - Date.now() >= context.lease) return blob?.size;
      const renewed = await renew(digest);
      cache.blobs.delete(`${repository}@${digest}`);
      return renewed ? blob.size : undefined;
    },

    async blobState(digest) {
      const state = stateOf(digest);
      return state === undefined ? "unknown" : state === LIVE ? "live" : "deleting";
    },

    async holders(digest) {
      return database.all<{ name: string }>("SELECT name FROM repository_blobs JOIN repositories ON id = repository_id WHERE digest = ? ORDER BY name", digest).map(({ name }) => name);
    },

    addBlob: (repository, { digest, size }, actor, limits = []) =>
      database.write(() => {
        const state = stateOf(digest);
        if (state === DELETING) return "deleting";
        const now = Date.now();
        if (state === undefined) {
          database.run(`INSERT INTO blobs (digest, size, state, leased_until, created_at) VALUES (?, ?, ${LIVE}, ?, ?)`, digest, size, leaseEnd(context), now);
        } else {
          renewLease(context, digest);
        }
        if (link(repository, { digest, size }, actor)) keepLimits(context, repository, limits, { blob: { digest, size } });
        logEvent(context, { action: "blob.push", repository, digest, actor });
        return "added";
      }),

    mountBlob: (repository, digest, { from, actor, limits = [] }) =>
      database.write(() => {
        if (from !== undefined) {
          const source = repositoryId(context, from);
          if (source === undefined || !isLinked(source, digest)) return false;
        }
        if (!renewLease(context, digest)) return false;
        const { size } = database.get<{ size: number }>("SELECT size FROM blobs WHERE digest = ?", digest)!;
        if (link(repository, { digest, size }, actor)) keepLimits(context, repository, limits, { blob: { digest, size } });
        logEvent(context, { action: "blob.mount", repository, digest, actor, ...(from === undefined ? {} : { detail: { from } }) });
        return true;
      }),

    unlinkBlob: (repository, digest, actor, onLoss) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        if (id === undefined || stateOf(digest) !== LIVE) return "unknown";
        if (onLoss) for (const tag of tagsAbove(context, id, digest)) onLoss(tag);
        const { changes } = database.run("DELETE FROM repository_blobs WHERE repository_id = ? AND digest = ?", id, digest);
        if (changes === 0) return "unknown";
        context.totals.removed();
        cache.blobs.delete(`${repository}@${digest}`);
        logEvent(context, { action: "blob.delete", repository, digest, actor });
        if (database.get("SELECT 1 FROM repository_blobs WHERE digest = ? LIMIT 1", digest)) return "unlinked";
        database.run(`UPDATE blobs SET state = ${DELETING}, version = version + 1, leased_until = ? WHERE digest = ?`, Date.now(), digest);
        return "last";
      }),

    forgetBlob: (digest, takeAway) =>
      database.write(() => {
        if (stateOf(digest) !== DELETING) return false;
        takeAway();
        condemnObjectOf(context, digest);
        database.run("DELETE FROM blobs WHERE digest = ?", digest);
        return true;
      }),

    async abandonedBlobs(before) {
      return database.all<{ digest: Digest }>(`SELECT digest FROM blobs WHERE state = ${DELETING} AND leased_until < ?`, before).map(({ digest }) => digest);
    },
  };
}
