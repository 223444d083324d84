import { isDigest, type Digest } from "../../../oci/digest.ts";
import { createBoundedCache } from "../bounded-cache.ts";
import type { Metadata, PutManifestOptions } from "../metadata.ts";
import type { StoredManifest } from "../records.ts";
import { MANIFEST_COLUMNS, manifestOf, type ManifestRow } from "../rows.ts";
import { COST_OF_NAME, findOrCreateRepository, leaseEnd, LIVE, repositoryId, tagsAbove, type PostgresContext } from "./context.ts";
import { dropManifests, dropTag, leaseManifests, setTag, storeManifest, taggedDigest } from "./manifest-rows.ts";
import type { Remembered } from "./read-cache.ts";
import type { Transaction } from "./transaction.ts";

/** Bytes for remembering which leases are long enough. */
const LEASES = 4 * 1024 * 1024;

type ManifestPart = Pick<Metadata, "putManifest" | "hasManifest" | "leaseManifest" | "manifest" | "deleteManifest" | "deleteTag">;

/** Manifests and the tags that name them. Whoever changes them holds the lock of their repository. */
export function manifestPart(context: PostgresContext): ManifestPart {
  const { database, cache, sums } = context;
  const { clock } = database;
  const leases = createBoundedCache<number>(LEASES);

  const find = (known: Remembered, repository: string, digest: Digest): Promise<StoredManifest | undefined> =>
    known.read(`manifest ${digest}`, async () => {
      const row = await database.get<ManifestRow>(`SELECT ${MANIFEST_COLUMNS} FROM repositories JOIN manifests ON repository_id = repositories.id WHERE name = $1 AND digest = $2`, repository, digest);
      return row && manifestOf(row);
    }, ({ bytes }) => bytes.length + 1000);

  const findTag = (known: Remembered, repository: string, tag: string): Promise<Digest | undefined> =>
    known.read(`tag ${tag}`, async () =>
      (await database.get<{ digest: Digest }>("SELECT digest FROM repositories JOIN tags ON repository_id = id WHERE repositories.name = $1 AND tags.name = $2", repository, tag))?.digest,
    () => COST_OF_NAME);

  return {
    async putManifest(repository, manifest, options) {
      await sums.ready(options.limits ?? []);
      return database.write({ repository }, async (transaction) => {
        const missing = await findMissing(transaction, repository, options);
        if (missing.length > 0) return missing;
        const { actor } = options;
        const id = await findOrCreateRepository(transaction, repository, actor);
        const pushed = { at: transaction.now, by: actor.user };
        await storeManifest(transaction, id, { manifest, references: options.references, pushed });
        transaction.log({ action: "manifest.push", repository, digest: manifest.digest, actor });
        let added = 0;
        for (const tag of options.tags) {
          const before = await taggedDigest(transaction, id, tag);
          if (before !== undefined && before !== manifest.digest) options.onMove?.(tag);
          await setTag(context, transaction, id, { tag, manifest, pushed, before });
          if (before === undefined) added += 1;
          if (before === undefined) transaction.log({ action: "tag.create", repository, tag, digest: manifest.digest, actor });
          else if (before !== manifest.digest) transaction.log({ action: "tag.move", repository, tag, digest: manifest.digest, actor, detail: { before } });
        }
        await sums.keep(transaction, repository, options.limits ?? [], { tags: added });
        return [];
      });
    },

    hasManifest: async (repository, digest) => (await find(await cache.of(repository), repository, digest)) !== undefined,

    async leaseManifest(repository, digest) {
      const key = `${repository}@${digest}`;
      if ((leases.get(key) ?? 0) - clock.now() >= context.lease) return;
      const until = leaseEnd(context);
      await database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        if (id !== undefined) await leaseManifests(context, transaction, id, [digest]);
      });
      leases.set(key, until, COST_OF_NAME);
    },

    async manifest(repository, reference) {
      const known = await cache.of(repository);
      const digest = isDigest(reference) ? reference : await findTag(known, repository, reference);
      return digest && find(known, repository, digest);
    },

    deleteManifest: (repository, digest, actor, onLoss) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        if (id === undefined || !(await transaction.get("SELECT 1 FROM manifests WHERE repository_id = $1 AND digest = $2", id, digest))) return false;
        if (onLoss) for (const tag of await tagsAbove(transaction, id, digest)) onLoss(tag);
        for (const { name } of await transaction.all<{ name: string }>("SELECT name FROM tags WHERE repository_id = $1 AND digest = $2 ORDER BY name", id, digest)) {
          await dropTag(context, transaction, id, { repository, tag: name, digest, actor });
        }
        await dropManifests(transaction, id, repository, [digest], actor);
        return true;
      }),

    deleteTag: (repository, tag, actor, onLoss) =>
      database.write({ repository }, async (transaction) => {
        const id = await repositoryId(transaction, repository);
        const digest = id === undefined ? undefined : await taggedDigest(transaction, id, tag);
        if (id === undefined || digest === undefined) return false;
        onLoss?.(tag);
        await dropTag(context, transaction, id, { repository, tag, digest, actor });
        return true;
      }),
  };
}

/** What the manifest names and the repository does not have, as far as the options want it to. */
async function findMissing(transaction: Transaction, repository: string, { references, sparse }: PutManifestOptions): Promise<Digest[]> {
  const id = (await repositoryId(transaction, repository)) ?? -1;
  const blobs = sparse === "manifests" ? [] : references.blobs;
  const manifests = sparse === "nothing" ? references.manifests : [];
  if (blobs.length + manifests.length === 0) return [];
  const rows = await transaction.all<{ digest: Digest }>(
    `SELECT named.digest FROM unnest($2::text[], $3::bool[]) WITH ORDINALITY AS named (digest, or_manifest, place)
      WHERE NOT EXISTS (SELECT 1 FROM repository_blobs l JOIN blobs USING (digest) WHERE l.repository_id = $1 AND l.digest = named.digest AND state = ${LIVE})
        AND NOT (or_manifest AND EXISTS (SELECT 1 FROM manifests m WHERE m.repository_id = $1 AND m.digest = named.digest))
      ORDER BY place`,
    id, [...blobs, ...manifests], [...blobs.map(() => "f"), ...manifests.map(() => "t")],
  );
  return rows.map(({ digest }) => digest);
}
