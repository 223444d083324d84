import type { Digest } from "../../../oci/digest.ts";
import { fallbackSubject } from "../fallback-subject.ts";
import type { Metadata } from "../metadata.ts";
import type { ImportedRepository } from "../records.ts";
import { MANIFEST_COLUMNS, manifestOf, type ManifestRow } from "../rows.ts";
import { findOrCreateRepository, leaseEnd, LIVE, type PostgresContext } from "./context.ts";
import { addManifests, leaseManifests, setTag } from "./manifest-rows.ts";
import type { Transaction } from "./transaction.ts";

/** Manifests of one statement: each may have some megabytes. */
const AT_ONCE = 50;

/** Takes whole repositories over. */
export function importPart(context: PostgresContext): Pick<Metadata, "importRepository"> {
  return {
    importRepository: ({ name, blobs, manifests, tags }, actor) =>
      context.database.write({ repository: name }, async (transaction) => {
        const id = await findOrCreateRepository(transaction, name, actor);
        if (blobs.length > 0) await takeBlobs(context, transaction, id, blobs);
        const by = actor.user;
        for (let start = 0; start < manifests.length; start += AT_ONCE) await addManifests(transaction, id, manifests.slice(start, start + AT_ONCE), by);
        const lost = tags.length > 0 ? await takeTags(context, transaction, id, { tags, by }) : [];
        transaction.log({ action: "repository.import", repository: name, actor, detail: { blobs: String(blobs.length), manifests: String(manifests.length), tags: String(tags.length) } });
        return lost;
      }),
  };
}

async function takeBlobs(context: PostgresContext, transaction: Transaction, id: number, blobs: ImportedRepository["blobs"]): Promise<void> {
  const each = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const columns = [each.map(({ digest }) => digest), each.map(({ size }) => size), each.map(({ at }) => at)] as const;
  await transaction.run(
    `INSERT INTO blobs (digest, size, state, leased_until, created_at) SELECT digest, size, ${LIVE}, $4, at FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS taken (digest, size, at)
      ON CONFLICT (digest) DO UPDATE SET leased_until = greatest(blobs.leased_until, excluded.leased_until), version = blobs.version + 1 WHERE blobs.state = ${LIVE}`,
    ...columns, leaseEnd(context) + context.lease,
  );
  await transaction.run(
    `INSERT INTO repository_blobs (repository_id, digest, linked_at) SELECT $4, taken.digest, at FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS taken (digest, size, at)
      JOIN blobs ON blobs.digest = taken.digest AND state = ${LIVE} ON CONFLICT DO NOTHING`,
    ...columns, id,
  );
}

/** @returns those whose manifest is not there */
async function takeTags(context: PostgresContext, transaction: Transaction, id: number, { tags, by }: { tags: ImportedRepository["tags"]; by: string | undefined }): Promise<string[]> {
  const names = tags.map(({ name }) => name);
  const present = new Map((await transaction.all<{ name: string; digest: Digest; pushed_at: number }>("SELECT name, digest, pushed_at FROM tags WHERE repository_id = $1 AND name = ANY ($2::text[])", id, names)).map((row) => [row.name, row]));
  const manifests = new Set((await transaction.all<{ digest: Digest }>("SELECT digest FROM manifests WHERE repository_id = $1 AND digest = ANY ($2::text[])", id, [...new Set(tags.map(({ digest }) => digest))])).map(({ digest }) => digest));
  const lost: string[] = [];
  const newest = new Map<string, ImportedRepository["tags"][number]>();
  for (const tag of tags) {
    if ((newest.get(tag.name)?.at ?? present.get(tag.name)?.pushed_at ?? -1) >= tag.at) continue;
    if (manifests.has(tag.digest)) newest.set(tag.name, tag);
    else lost.push(tag.name);
  }
  const plain = [...newest.values()].filter(({ name }) => fallbackSubject(name) === undefined);
  await transaction.run(
    `INSERT INTO tags (repository_id, name, digest, pushed_at, pushed_by) SELECT $1, name, digest, at, $2 FROM unnest($3::text[], $4::text[], $5::bigint[]) AS taken (name, digest, at)
      ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, pushed_at = excluded.pushed_at, pushed_by = excluded.pushed_by`,
    id, by ?? null, plain.map(({ name }) => name), plain.map(({ digest }) => digest), plain.map(({ at }) => at),
  );
  await leaseManifests(context, transaction, id, plain.map(({ name }) => present.get(name)?.digest).filter((digest) => digest !== undefined));
  for (const { name, digest, at } of newest.values()) {
    if (fallbackSubject(name) === undefined) continue;
    const row = (await transaction.get<ManifestRow>(`SELECT ${MANIFEST_COLUMNS} FROM manifests WHERE repository_id = $1 AND digest = $2`, id, digest))!;
    await setTag(context, transaction, id, { tag: name, manifest: manifestOf(row), pushed: { at, by }, before: present.get(name)?.digest });
  }
  return lost;
}
