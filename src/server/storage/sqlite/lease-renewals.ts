import { setImmediate as turn } from "node:timers/promises";
import type { Digest } from "../../../oci/digest.ts";
import { leaseEnd, LIVE, type SqliteContext } from "./context.ts";

/**
 * Renews leases, those of one turn of the event loop in one transaction. Nothing waits for the disk: after a power cut
 * no collector runs that could have overlooked a lease.
 * @returns whether the blob is still there to be leased
 */
export function createLeaseRenewals(context: SqliteContext): (digest: Digest) => Promise<boolean> {
  const { database } = context;
  let wanted = new Set<Digest>();
  let batch: Promise<ReadonlySet<Digest>> | undefined;

  const renewAll = async (): Promise<ReadonlySet<Digest>> => {
    await turn();
    const digests = wanted;
    wanted = new Set();
    batch = undefined;
    return database.writeLazily(() => new Set([...digests].filter((digest) => renewLease(context, digest))));
  };

  return async (digest) => {
    wanted.add(digest);
    batch ??= renewAll();
    return (await batch).has(digest);
  };
}

/** Inside of a transaction. */
export function renewLease(context: SqliteContext, digest: Digest): boolean {
  const { changes } = context.database.run(
    `UPDATE blobs SET leased_until = max(leased_until, ?), version = version + 1 WHERE digest = ? AND state = ${LIVE}`,
    leaseEnd(context), digest,
  );
  return changes > 0;
}
