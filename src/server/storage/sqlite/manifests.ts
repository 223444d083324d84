import { isDigest, type Digest } from "../../../oci/digest.ts";
import type { Metadata, PutManifestOptions } from "../metadata.ts";
import type { StoredManifest } from "../records.ts";
import { createBoundedCache } from "../bounded-cache.ts";
import { findOrCreateRepository, forgetLists, leaseEnd, LIVE, logEvent, repositoryId, tagsAbove, type SqliteContext } from "./context.ts";
import { MANIFEST_COLUMNS, manifestOf, type ManifestRow } from "../rows.ts";
import { leaseManifest, setTag, storeManifest } from "./manifest-rows.ts";
import { keepLimits } from "./limits.ts";
import { COST_OF_NAME, costOfManifest } from "./read-cache.ts";
import { dropManifest, dropTag } from "./removals.ts";

/** Bytes for remembering which leases are long enough. */
const LEASES = 4 * 1024 * 1024;

type ManifestPart = Pick<Metadata, "putManifest" | "hasManifest" | "leaseManifest" | "manifest" | "deleteManifest" | "deleteTag">;

/** Manifests and the tags that name them. */
export function manifestPart(context: SqliteContext): ManifestPart {
  const { database, cache } = context;
  const leases = createBoundedCache<number>(LEASES);

  const find = (repository: string, digest: Digest): StoredManifest | undefined => {
    const key = `${repository}@${digest}`;
    const known = cache.manifests.get(key);
    if (known) return known;
    const row = database.get<ManifestRow>(`SELECT ${MANIFEST_COLUMNS} FROM repositories JOIN manifests ON repository_id = repositories.id WHERE name = ? AND digest = ?`, repository, digest);
    if (!row) return undefined;
    const manifest = manifestOf(row);
    cache.manifests.set(key, manifest, costOfManifest(manifest));
    return manifest;
  };

  const findTag = (repository: string, tag: string): Digest | undefined => {
    const key = `${repository}:${tag}`;
    const known = cache.tags.get(key);
    if (known) return known;
    const digest = database.get<{ digest: Digest }>("SELECT digest FROM repositories JOIN tags ON repository_id = id WHERE repositories.name = ? AND tags.name = ?", repository, tag)?.digest;
    if (digest) cache.tags.set(key, digest, COST_OF_NAME);
    return digest;
  };

  return {
    putManifest: (repository, manifest, options) =>
      database.write(() => {
        const missing = findMissing(context, repository, options);
        if (missing.length > 0) return missing;
        const { actor } = options;
        const id = findOrCreateRepository(context, repository, actor);
        const pushed = { at: Date.now(), by: actor.user };
        storeManifest(context, id, { manifest, references: options.references, pushed });
        logEvent(context, { action: "manifest.push", repository, digest: manifest.digest, actor });
        let added = 0;
        for (const tag of options.tags) {
          const named = database.get<{ digest: Digest }>("SELECT digest FROM tags WHERE repository_id = ? AND name = ?", id, tag)?.digest;
          if (named !== undefined && named !== manifest.digest) options.onMove?.(tag);
          const before = setTag(context, id, { tag, manifest, pushed });
          cache.tags.delete(`${repository}:${tag}`);
          if (before === undefined) added += 1;
          if (before === undefined) logEvent(context, { action: "tag.create", repository, tag, digest: manifest.digest, actor });
          else if (before !== manifest.digest) logEvent(context, { action: "tag.move", repository, tag, digest: manifest.digest, actor, detail: { before } });
        }
        keepLimits(context, repository, options.limits ?? [], { tags: added });
        forgetLists(context, repository);
        return [];
      }),

    async hasManifest(repository, digest) {
      database.checkVersion();
      return find(repository, digest) !== undefined;
    },

    async leaseManifest(repository, digest) {
      const key = `${repository}@${digest}`;
      if ((leases.get(key) ?? 0) - Date.now() >= context.lease) return;
      await database.writeLazily(() => {
        const id = repositoryId(context, repository);
        if (id !== undefined) leaseManifest(context, id, digest);
      });
      leases.set(key, leaseEnd(context), COST_OF_NAME);
    },

    async manifest(repository, reference) {
      database.checkVersion();
      const digest = isDigest(reference) ? reference : findTag(repository, reference);
      return digest && find(repository, digest);
    },

    deleteManifest: (repository, digest, actor, onLoss) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        if (id === undefined || !database.get("SELECT 1 FROM manifests WHERE repository_id = ? AND digest = ?", id, digest)) return false;
        if (onLoss) for (const tag of tagsAbove(context, id, digest)) onLoss(tag);
        for (const tag of database.all<{ name: string; digest: Digest }>("SELECT name, digest FROM tags WHERE repository_id = ? AND digest = ?", id, digest)) dropTag(context, id, repository, tag, actor);
        dropManifest(context, id, repository, digest, actor);
        forgetLists(context, repository);
        return true;
      }),

    deleteTag: (repository, tag, actor, onLoss) =>
      database.write(() => {
        const id = repositoryId(context, repository);
        const row = id === undefined ? undefined : database.get<{ name: string; digest: Digest }>("SELECT name, digest FROM tags WHERE repository_id = ? AND name = ?", id, tag);
        if (!row) return false;
        onLoss?.(tag);
        dropTag(context, id!, repository, row, actor);
        forgetLists(context, repository);
        return true;
      }),
  };
}

/** What the manifest names and the repository does not have, as far as the options want it to. */
function findMissing(context: SqliteContext, repository: string, { references, sparse }: PutManifestOptions): Digest[] {
  const { database } = context;
  const id = repositoryId(context, repository) ?? -1;
  const hasBlob = (digest: Digest): boolean =>
    database.get(`SELECT 1 FROM repository_blobs JOIN blobs USING (digest) WHERE repository_id = ? AND digest = ? AND state = ${LIVE}`, id, digest) !== undefined;
  const hasManifest = (digest: Digest): boolean => database.get("SELECT 1 FROM manifests WHERE repository_id = ? AND digest = ?", id, digest) !== undefined;
  return [
    ...(sparse === "manifests" ? [] : references.blobs.filter((digest) => !hasBlob(digest))),
    ...(sparse === "nothing" ? references.manifests.filter((digest) => !hasManifest(digest) && !hasBlob(digest)) : []),
  ];
}
