import type { Digest } from "../../../oci/digest.ts";
import { annotationsText, describeManifest } from "../describe-manifest.ts";
import { fallbackSubject, listedReferrers } from "../fallback-subject.ts";
import type { Actor, ManifestReferences, StoredManifest } from "../records.ts";
import { leaseEnd, type PostgresContext } from "./context.ts";
import type { Transaction } from "./transaction.ts";

interface Pushed {
  readonly at: number;
  readonly by: string | undefined;
}

export interface NewManifest {
  readonly manifest: StoredManifest;
  readonly references: ManifestReferences;
  readonly at: number;
}

/** A manifest with what it names; of one that is there already only the time of its push changes. */
export async function storeManifest(transaction: Transaction, id: number, { manifest, references, pushed }: { manifest: StoredManifest; references: ManifestReferences; pushed: Pushed }): Promise<void> {
  const known = await transaction.run("UPDATE manifests SET pushed_at = $1, pushed_by = $2 WHERE repository_id = $3 AND digest = $4", pushed.at, pushed.by ?? null, id, manifest.digest);
  if (known === 0) await addManifests(transaction, id, [{ manifest, references, at: pushed.at }], pushed.by);
}

/** Those that are there already stay as they are. */
export async function addManifests(transaction: Transaction, id: number, manifests: readonly NewManifest[], by: string | undefined): Promise<void> {
  const column = <Value>(valueOf: (manifest: StoredManifest, at: number) => Value): Value[] => manifests.map(({ manifest, at }) => valueOf(manifest, at));
  const added = new Set((await transaction.all<{ digest: Digest }>(
    `INSERT INTO manifests (repository_id, pushed_by, digest, media_type, size, subject, artifact_type, annotations, config_digest, pushed_at, bytes)
      SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::bytea[]) ON CONFLICT DO NOTHING RETURNING digest`,
    id, by ?? null, column(({ digest }) => digest), column(({ mediaType }) => mediaType), column(({ size }) => size), column(({ subject }) => subject ?? null),
    column(({ artifactType }) => artifactType ?? null), column(({ annotations }) => annotationsText(annotations)), column(({ config }) => config ?? null), column((_, at) => at), column(({ bytes }) => bytes),
  )).map(({ digest }) => digest));
  const named = manifests
    .filter(({ manifest }) => added.has(manifest.digest))
    .flatMap(({ manifest, references }) => [...references.blobs.map((other) => [manifest.digest, "blob", other] as const), ...references.manifests.map((other) => [manifest.digest, "manifest", other] as const)]);
  if (named.length === 0) return;
  await transaction.run(
    "INSERT INTO manifest_references (repository_id, manifest, kind, digest) SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING",
    id, named.map(([digest]) => digest), named.map(([, kind]) => kind), named.map(([, , other]) => other),
  );
}

/** `before`: what the tag named until now. */
export async function setTag(
  context: PostgresContext,
  transaction: Transaction,
  id: number,
  { tag, manifest, pushed, before }: { tag: string; manifest: StoredManifest; pushed: Pushed; before: Digest | undefined },
): Promise<void> {
  await transaction.run(
    `INSERT INTO tags (repository_id, name, digest, pushed_at, pushed_by) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, pushed_at = excluded.pushed_at, pushed_by = excluded.pushed_by`,
    id, tag, manifest.digest, pushed.at, pushed.by ?? null,
  );
  if (before !== undefined && before !== manifest.digest) await leaseManifests(context, transaction, id, [before]);
  const subject = fallbackSubject(tag);
  if (!subject) return;
  await releaseReferrers(transaction, id, tag);
  await adoptReferrers(transaction, id, { tag, subject, manifest });
}

/** What the tag names. */
export async function taggedDigest(transaction: Transaction, id: number, tag: string): Promise<Digest | undefined> {
  return (await transaction.get<{ digest: Digest }>("SELECT digest FROM tags WHERE repository_id = $1 AND name = $2", id, tag))?.digest;
}

/** The collector leaves manifests alone that a tag named until now, or that a client has found. */
export function leaseManifests(context: PostgresContext, transaction: Transaction, id: number, digests: readonly Digest[]): Promise<number> {
  return transaction.run("UPDATE manifests SET leased_until = greatest(leased_until, $1) WHERE repository_id = $2 AND digest = ANY ($3::text[])", leaseEnd(context), id, digests);
}

/** Makes referrers of the manifests that a fallback tag's index lists and that name no subject themselves. */
async function adoptReferrers(transaction: Transaction, id: number, { tag, subject, manifest }: { tag: string; subject: Digest; manifest: StoredManifest }): Promise<void> {
  for (const { digest, artifactType, annotations } of listedReferrers(manifest)) {
    const row = await transaction.get<{ bytes: Uint8Array }>("SELECT bytes FROM manifests WHERE repository_id = $1 AND digest = $2 AND subject IS NULL", id, digest);
    if (!row) continue;
    await transaction.run(
      "UPDATE manifests SET subject = $1, adopted_by = $2, artifact_type = $3, annotations = $4 WHERE repository_id = $5 AND digest = $6",
      subject, tag, artifactType ?? describeManifest(row.bytes, digest).artifactType ?? null, annotations, id, digest,
    );
  }
}

async function releaseReferrers(transaction: Transaction, id: number, tag: string): Promise<void> {
  await transaction.run("UPDATE manifests SET subject = NULL, adopted_by = NULL, annotations = NULL WHERE repository_id = $1 AND adopted_by = $2", id, tag);
}

export async function dropTag(
  context: PostgresContext,
  transaction: Transaction,
  id: number,
  { repository, tag, digest, actor, detail }: { repository: string; tag: string; digest: Digest; actor: Actor; detail?: Readonly<Record<string, string>> },
): Promise<void> {
  await transaction.run("DELETE FROM tags WHERE repository_id = $1 AND name = $2", id, tag);
  await leaseManifests(context, transaction, id, [digest]);
  if (fallbackSubject(tag)) await releaseReferrers(transaction, id, tag);
  transaction.log({ action: "tag.delete", repository, tag, digest, actor, ...(detail ? { detail } : {}) });
}

/** Manifests that are there, and what says what they name. Their tags stay. */
export async function dropManifests(transaction: Transaction, id: number, repository: string, digests: readonly Digest[], actor: Actor): Promise<void> {
  if (digests.length === 0) return;
  await transaction.run("DELETE FROM manifests WHERE repository_id = $1 AND digest = ANY ($2::text[])", id, digests);
  await transaction.run("DELETE FROM manifest_references WHERE repository_id = $1 AND manifest = ANY ($2::text[])", id, digests);
  for (const digest of digests) transaction.log({ action: "manifest.delete", repository, digest, actor });
}
