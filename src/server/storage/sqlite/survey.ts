import type { Digest } from "../../../oci/digest.ts";
import type { BrokenReference, Metadata } from "../metadata.ts";
import { DELETING, LIVE, logEvent, repositoryId, type SqliteContext } from "./context.ts";
import { readList } from "./lists.ts";

/** What a check of the whole registry looks at. Nothing of it is kept in memory. */
export function surveyPart(context: SqliteContext): Pick<Metadata, "blobs" | "manifestDigests" | "brokenReferences" | "verify" | "loseBlob" | "usage" | "wrongSums"> {
  const { database } = context;
  return {
    async blobs(range) {
      const rowOf = ({ digest, size, state }: { digest: Digest; size: number; state: number }) => ({ digest, size, state: state === LIVE ? ("live" as const) : ("deleting" as const) });
      return readList(database, "SELECT digest, size, state FROM blobs WHERE digest > ? ORDER BY digest", [range.after ?? ""], range, rowOf);
    },

    async manifestDigests(repository, range) {
      const id = repositoryId(context, repository) ?? -1;
      return readList(database, "SELECT digest FROM manifests WHERE repository_id = ? AND digest > ? ORDER BY digest", [id, range.after ?? ""], range, ({ digest }: { digest: Digest }) => digest);
    },

    async brokenReferences(repository) {
      const id = repositoryId(context, repository) ?? -1;
      return database.all<BrokenReference>(
        `SELECT manifest, kind, digest FROM manifest_references AS named WHERE repository_id = ?
          AND NOT EXISTS (SELECT 1 FROM repository_blobs JOIN blobs USING (digest) WHERE repository_id = named.repository_id AND digest = named.digest AND state = ${LIVE})
          -- A mirror has what was asked for, and fetches the rest when it is.
          AND NOT EXISTS (SELECT 1 FROM manifests WHERE repository_id = named.repository_id AND digest = named.manifest AND pushed_by = 'sampan:mirror')
          AND NOT (kind = 'manifest' AND EXISTS (SELECT 1 FROM manifests WHERE repository_id = named.repository_id AND digest = named.digest))
          ORDER BY manifest, digest`,
        id,
      );
    },

    usage: async ({ covers }, digest) => context.totals.usage(covers, digest),

    // They live in memory, no longer than until another process writes.
    wrongSums: async () => [],

    async verify() {
      return database.all<{ integrity_check: string }>("PRAGMA integrity_check").map((row) => row.integrity_check).filter((text) => text !== "ok");
    },

    loseBlob: (digest, actor) =>
      database.write(() => {
        const names = database.all<{ name: string }>("SELECT name FROM repository_blobs JOIN repositories ON id = repository_id WHERE digest = ?", digest);
        database.run("DELETE FROM repository_blobs WHERE digest = ?", digest);
        context.totals.removed();
        database.run(`UPDATE blobs SET state = ${DELETING}, version = version + 1, leased_until = ? WHERE digest = ?`, Date.now(), digest);
        for (const { name } of names) {
          context.cache.blobs.delete(`${name}@${digest}`);
          logEvent(context, { action: "blob.delete", repository: name, digest, actor, detail: { reason: "its bytes were lost" } });
        }
      }),
  };
}
