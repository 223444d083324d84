import type { Digest } from "../../../oci/digest.ts";
import type { BrokenReference, Metadata } from "../metadata.ts";
import { DELETING, LIVE, repositoryId, type PostgresContext } from "./context.ts";
import { readList } from "./lists.ts";

/** What must never be, in words. The database itself looks after the rest. */
const DAMAGES: Readonly<Record<string, string>> = {
  "tags name manifests that are not there": "SELECT count(*) AS count FROM tags t WHERE NOT EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = t.repository_id AND m.digest = t.digest)",
  "references belong to manifests that are not there": "SELECT count(*) AS count FROM manifest_references r WHERE NOT EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = r.repository_id AND m.digest = r.manifest)",
  "blobs of repositories have no record": `SELECT count(*) AS count FROM repository_blobs l WHERE NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = l.digest AND b.state = ${LIVE})`,
  "records belong to repositories that are not there": `SELECT count(*) AS count FROM (SELECT repository_id FROM repository_blobs UNION SELECT repository_id FROM manifests UNION SELECT repository_id FROM tags) AS used
    WHERE repository_id NOT IN (SELECT id FROM repositories)`,
};

/** What a check of the whole registry looks at. Nothing of it is kept in memory. */
export function surveyPart({ database, sums }: PostgresContext): Pick<Metadata, "blobs" | "manifestDigests" | "brokenReferences" | "verify" | "loseBlob" | "usage" | "wrongSums"> {
  return {
    blobs: (range) =>
      readList(database, "SELECT digest, size, state FROM blobs WHERE digest > $1 ORDER BY digest", [range.after ?? ""], range,
        ({ digest, size, state }: { digest: Digest; size: number; state: number }) => ({ digest, size, state: state === LIVE ? ("live" as const) : ("deleting" as const) })),

    async manifestDigests(repository, range) {
      const id = (await repositoryId(database, repository)) ?? -1;
      return readList(database, "SELECT digest FROM manifests WHERE repository_id = $1 AND digest > $2 ORDER BY digest", [id, range.after ?? ""], range, ({ digest }: { digest: Digest }) => digest);
    },

    async brokenReferences(repository) {
      return database.all<BrokenReference>(
        `SELECT manifest, kind, digest FROM manifest_references AS named WHERE repository_id = $1
          AND NOT EXISTS (SELECT 1 FROM repository_blobs l JOIN blobs USING (digest) WHERE l.repository_id = named.repository_id AND l.digest = named.digest AND state = ${LIVE})
          -- A mirror has what was asked for, and fetches the rest when it is.
          AND NOT EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = named.repository_id AND m.digest = named.manifest AND pushed_by = 'sampan:mirror')
          AND NOT (kind = 'manifest' AND EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = named.repository_id AND m.digest = named.digest))
          ORDER BY manifest, digest`,
        (await repositoryId(database, repository)) ?? -1,
      );
    },

    usage: ({ name, covers }, digest) => sums.usage({ name, covers }, digest),

    wrongSums: ({ mend }) => sums.findWrong(mend),

    async verify() {
      const found: string[] = [];
      for (const [what, sql] of Object.entries(DAMAGES)) {
        const { count } = (await database.get<{ count: number }>(sql))!;
        if (count > 0) found.push(`${count} ${what}`);
      }
      return found;
    },

    loseBlob: (digest, actor) =>
      database.write({}, async (transaction) => {
        await transaction.run(`UPDATE blobs SET state = ${DELETING}, version = version + 1, leased_until = $1 WHERE digest = $2`, transaction.now, digest);
        const names = await transaction.all<{ name: string }>(
          "WITH lost AS (DELETE FROM repository_blobs WHERE digest = $1 RETURNING repository_id) SELECT name FROM lost JOIN repositories ON id = repository_id ORDER BY name", digest,
        );
        for (const { name } of names) transaction.log({ action: "blob.delete", repository: name, digest, actor, detail: { reason: "its bytes were lost" } });
      }),
  };
}
