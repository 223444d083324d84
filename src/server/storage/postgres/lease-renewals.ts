import { setImmediate as turn } from "node:timers/promises";
import type { Digest } from "../../../oci/digest.ts";
import { leaseEnd, LIVE, type PostgresContext } from "./context.ts";

interface Wanted {
  readonly repository: string;
  readonly digest: Digest;
}

const nameOf = ({ repository, digest }: Wanted): string => `${repository}@${digest}`;

/**
 * Renews leases, those of one turn of the event loop in one transaction. The rows of the blobs are locked first and their links are looked at
 * afterwards: a collector that takes a link away has the row locked too, and looks at the lease.
 * @returns until when the blob is leased; undefined when the repository does not have it any more
 */
export function createLeaseRenewals(context: PostgresContext): (repository: string, digest: Digest) => Promise<number | undefined> {
  let wanted: Wanted[] = [];
  let batch: Promise<ReadonlyMap<string, number>> | undefined;

  const renewAll = async (): Promise<ReadonlyMap<string, number>> => {
    await turn();
    const all = wanted;
    wanted = [];
    batch = undefined;
    return context.database.write({}, async (transaction) => {
      await transaction.run(
        `UPDATE blobs SET leased_until = greatest(leased_until, $1), version = version + 1
          FROM (SELECT digest FROM blobs WHERE digest = ANY ($2::text[]) AND state = ${LIVE} ORDER BY digest FOR UPDATE) AS locked WHERE blobs.digest = locked.digest`,
        leaseEnd(context), [...new Set(all.map(({ digest }) => digest))],
      );
      const rows = await transaction.all<Wanted & { leased_until: number }>(
        `SELECT name AS repository, digest, leased_until FROM unnest($1::text[], $2::text[]) AS wanted (name, digest)
          JOIN repositories USING (name) JOIN repository_blobs USING (digest) JOIN blobs USING (digest) WHERE repository_id = repositories.id AND state = ${LIVE}`,
        all.map(({ repository }) => repository), all.map(({ digest }) => digest),
      );
      return new Map(rows.map((row) => [nameOf(row), row.leased_until]));
    });
  };

  return async (repository, digest) => {
    const one = { repository, digest };
    wanted.push(one);
    batch ??= renewAll();
    return (await batch).get(nameOf(one));
  };
}
