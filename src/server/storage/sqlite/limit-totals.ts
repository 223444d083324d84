import type { Added, Usage } from "../limits.ts";
import type { RegistryDatabase } from "./registry-database.ts";

type Covers = (repository: string) => boolean;

interface Total {
  bytes: number;
  tags: number;
  /** No blob is larger. */
  largest: number;
  /** False since something was taken away: then it is what they use at most. */
  exact: boolean;
}

/**
 * What the repositories of a limit use. The sum of a namespace with many blobs takes a good part of a second, in which nobody else writes; so it is taken once, and what this
 * process adds is added to it. It is forgotten when another process has written, and summed up again before anything is refused after something was taken away.
 */
export interface LimitTotals {
  /** The use with what the transaction has added to a repository, by a sum that is kept from now on. `exact`: an upper bound does not do. */
  keep(covers: Covers, repository: string, added: Added, options?: { readonly exact: boolean }): Usage & { readonly exact: boolean };
  /** The use as it is, from the sum where one is kept. */
  usage(covers: Covers, digest: string | undefined): Usage;
  /** Inside of a transaction: a repository got a blob that it did not have. */
  linked(repository: string, digest: string, size: number): void;
  /** Inside of a transaction: a repository got a tag that it did not have. */
  tagged(id: number): void;
  /** Something may be less. */
  removed(): void;
}

export function createLimitTotals(database: RegistryDatabase): LimitTotals {
  const totals = new Map<Covers, Total>();
  let version = -1;

  const forgetForeign = (): void => {
    const found = database.readVersion();
    if (found !== version) totals.clear();
    version = found;
  };

  const sum = (covers: Covers): Total => {
    const ids = database.all<{ id: number; name: string }>("SELECT id, name FROM repositories").filter(({ name }) => covers(name)).map(({ id }) => id);
    const row = database.get<{ bytes: number; largest: number; tags: number }>(
      `WITH ids AS MATERIALIZED (SELECT value AS id FROM json_each(?))
        SELECT coalesce(sum(size), 0) AS bytes, coalesce(max(size), 0) AS largest, (SELECT count(*) FROM ids JOIN tags ON repository_id = ids.id) AS tags
          FROM blobs WHERE digest IN (SELECT digest FROM ids JOIN repository_blobs ON repository_id = ids.id)`,
      JSON.stringify(ids),
    )!;
    return { ...row, exact: true };
  };

  const isHeld = (covers: Covers, digest: string, except: string | undefined): boolean =>
    database.all<{ name: string }>("SELECT name FROM repository_blobs JOIN repositories ON id = repository_id WHERE digest = ?", digest).some(({ name }) => name !== except && covers(name));

  const grow = (total: Total, grown: "bytes" | "tags", by: number): void => {
    total[grown] += by;
    database.onRollback(() => (total[grown] -= by));
  };

  return {
    keep(covers, repository, added, { exact } = { exact: false }) {
      forgetForeign();
      const has = "blob" in added && isHeld(covers, added.blob.digest, repository);
      let total = totals.get(covers);
      if (!total || (exact && !total.exact)) {
        const summed = sum(covers);
        // With what the transaction has added.
        database.onRollback(() => ("tags" in added ? (summed.tags -= added.tags) : has ? 0 : (summed.bytes -= added.blob.size)));
        totals.set(covers, (total = summed));
      }
      return { ...total, has };
    },

    usage(covers, digest) {
      forgetForeign();
      let total = totals.get(covers);
      if (!total?.exact) {
        const known = total !== undefined;
        total = sum(covers);
        if (known) totals.set(covers, total);
      }
      return { ...total, has: digest !== undefined && isHeld(covers, digest, undefined) };
    },

    linked(repository, digest, size) {
      for (const [covers, total] of totals) if (covers(repository) && !isHeld(covers, digest, repository)) {
        grow(total, "bytes", size);
        total.largest = Math.max(total.largest, size);
      }
    },

    tagged(id) {
      if (totals.size === 0) return;
      const { name } = database.get<{ name: string }>("SELECT name FROM repositories WHERE id = ?", id)!;
      for (const [covers, total] of totals) if (covers(name)) grow(total, "tags", 1);
    },

    removed() {
      for (const total of totals.values()) total.exact = false;
    },
  };
}
