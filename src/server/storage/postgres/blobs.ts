import type { Digest } from "../../../oci/digest.ts";
import type { Metadata } from "../metadata.ts";
import { COST_OF_NAME, DELETING, findOrCreateRepository, leaseEnd, LIVE, repositoryId, tagsAbove, type PostgresContext } from "./context.ts";
import { createLeaseRenewals } from "./lease-renewals.ts";
import { condemnObjectOf } from "./objects.ts";
import type { Remembered } from "./read-cache.ts";
import type { Transaction } from "./transaction.ts";

type BlobPart = Pick<Metadata, "blobSize" | "leaseBlob" | "blobState" | "holders" | "addBlob" | "mountBlob" | "unlinkBlob" | "forgetBlob" | "abandonedBlobs">;

interface BlobRow {
  readonly size: number;
  readonly leased_until: number;
}

/**
 * Blobs, which repository has them, and their leases. Whoever adds a link, takes the last one away or removes the blob has its row
 * locked, and looks at the links afterwards.
 */
export function blobPart(context: PostgresContext): BlobPart {
  const { database, cache, sums } = context;
  const { clock } = database;
  const renew = createLeaseRenewals(context);

  const find = (known: Remembered, repository: string, digest: Digest): Promise<BlobRow | undefined> =>
    known.read(`blob ${digest}`, () => database.get<BlobRow>(
      `SELECT size, leased_until FROM repositories JOIN repository_blobs ON repository_id = id JOIN blobs USING (digest)
        WHERE name = $1 AND digest = $2 AND state = ${LIVE}`,
      repository, digest,
    ), () => COST_OF_NAME);

  const link = async (transaction: Transaction, id: number, digest: Digest): Promise<boolean> =>
    (await transaction.run("INSERT INTO repository_blobs (repository_id, digest, linked_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", id, digest, transaction.now)) > 0;
  const lockedState = async (transaction: Transaction, digest: Digest): Promise<number | undefined> =>
    (await transaction.get<{ state: number }>("SELECT state FROM blobs WHERE digest = $1 FOR UPDATE", digest))?.state;

  return {
    blobSize: async (repository, digest) => (await find(await cache.of(repository), repository, digest))?.size,

    async leaseBlob(repository, digest) {
      const known = await cache.of(repository);
      const blob = await find(known, repository, digest);
      if (!blob || blob.leased_until - clock.now() >= context.lease) return blob?.size;
      const leasedUntil = await renew(repository, digest);
      if (leasedUntil === undefined) return undefined;
      known.set(`blob ${digest}`, { size: blob.size, leased_until: leasedUntil }, COST_OF_NAME);
      return blob.size;
    },

    async blobState(digest) {
      const row = await database.get<{ state: number }>("SELECT state FROM blobs WHERE digest = $1", digest);
      return row === undefined ? "unknown" : row.state === LIVE ? "live" : "deleting";
    },

    async holders(digest) {
      const rows = await database.all<{ name: string }>("SELECT name FROM repository_blobs JOIN repositories ON id = repository_id WHERE digest = $1 ORDER BY name", digest);
      return rows.map(({ name }) => name);
    },

    async addBlob(repository, { digest, size }, actor, limits = []) {
      await sums.ready(limits);
      return database.write({ repository }, async (transaction) => {
        // It waits for who is removing the blob, and adds it anew then.
        const added = await transaction.run(
          `INSERT INTO blobs (digest, size, state, leased_until, created_at) VALUES ($1, $2, ${LIVE}, $3, $4)
            ON CONFLICT (digest) DO UPDATE SET leased_until = greatest(blobs.leased_until, excluded.leased_until), version = blobs.version + 1 WHERE blobs.state = ${LIVE}`,
          digest, size, leaseEnd(context), transaction.now,
        );
        if (added === 0) return "deleting";
        const linked = await link(transaction, await findOrCreateRepository(transaction, repository, actor), digest);
        if (linked) await sums.keep(transaction, repository, limits, { blob: { digest, size } });
        transaction.log({ action: "blob.push", repository, digest, actor });
        return "added";
      });
    },

    async mountBlob(repository, digest, { from, actor, limits = [] }) {
      await sums.ready(limits);
      return database.write({ repository }, async (transaction) => {
        if (from !== undefined && !(await transaction.get("SELECT 1 FROM repositories JOIN repository_blobs ON repository_id = id WHERE name = $1 AND digest = $2", from, digest))) return false;
        const blob = await transaction.get<{ size: number }>(`UPDATE blobs SET leased_until = greatest(leased_until, $1), version = version + 1 WHERE digest = $2 AND state = ${LIVE} RETURNING size`, leaseEnd(context), digest);
        if (!blob) return false;
        const linked = await link(transaction, await findOrCreateRepository(transaction, repository, actor), digest);
        if (linked) await sums.keep(transaction, repository, limits, { blob: { digest, size: blob.size } });
        transaction.log({ action: "blob.mount", repository, digest, actor, ...(from === undefined ? {} : { detail: { from } }) });
        return true;
      });
    },

    unlinkBlob: (repository, digest, actor, onLoss) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        if (id === undefined || (await lockedState(transaction, digest)) !== LIVE) return "unknown";
        if (onLoss) for (const tag of await tagsAbove(transaction, id, digest)) onLoss(tag);
        if ((await transaction.run("DELETE FROM repository_blobs WHERE repository_id = $1 AND digest = $2", id, digest)) === 0) return "unknown";
        transaction.log({ action: "blob.delete", repository, digest, actor });
        if (await transaction.get("SELECT 1 FROM repository_blobs WHERE digest = $1 LIMIT 1", digest)) return "unlinked";
        await transaction.run(`UPDATE blobs SET state = ${DELETING}, version = version + 1, leased_until = $1 WHERE digest = $2`, transaction.now, digest);
        return "last";
      }),

    forgetBlob: (digest, takeAway) =>
      database.write({}, async (transaction) => {
        if ((await lockedState(transaction, digest)) !== DELETING) return false;
        takeAway();
        await condemnObjectOf(transaction, digest);
        await transaction.run("DELETE FROM blobs WHERE digest = $1", digest);
        return true;
      }),

    async abandonedBlobs(before) {
      const rows = await database.all<{ digest: Digest }>(`SELECT digest FROM blobs WHERE state = ${DELETING} AND leased_until < $1`, clock.shift(before));
      return rows.map(({ digest }) => digest);
    },
  };
}
