import type { Digest } from "../../../oci/digest.ts";
import { annotationsText } from "../describe-manifest.ts";
import type { ManifestReferences, StoredManifest } from "../records.ts";
import { fallbackSubject } from "../fallback-subject.ts";
import { adoptReferrers, releaseReferrers } from "./adopted-referrers.ts";
import { leaseEnd, type SqliteContext } from "./context.ts";

interface Pushed {
  readonly at: number;
  readonly by: string | undefined;
}

/** Inside of a transaction: a manifest with what it names; of one that is there already only the time of its push changes. */
export function storeManifest(
  { database }: SqliteContext,
  id: number,
  { manifest, references, pushed }: { manifest: StoredManifest; references: ManifestReferences; pushed: Pushed },
): void {
  const { digest, mediaType, size, subject, artifactType, annotations, config, bytes } = manifest;
  const { changes } = database.run("UPDATE manifests SET pushed_at = ?, pushed_by = ? WHERE repository_id = ? AND digest = ?", pushed.at, pushed.by ?? null, id, digest);
  if (changes > 0) return;
  database.run(
    `INSERT INTO manifests (repository_id, digest, media_type, size, subject, artifact_type, annotations, config_digest, pushed_at, pushed_by, bytes)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id, digest, mediaType, size, subject ?? null, artifactType ?? null, annotationsText(annotations), config ?? null, pushed.at, pushed.by ?? null, bytes,
  );
  const refer = (kind: string, named: readonly Digest[]): void => {
    for (const other of named) database.run("INSERT OR IGNORE INTO manifest_references (repository_id, manifest, kind, digest) VALUES (?, ?, ?, ?)", id, digest, kind, other);
  };
  refer("blob", references.blobs);
  refer("manifest", references.manifests);
}

/** Inside of a transaction. @returns what the tag named before */
export function setTag(context: SqliteContext, id: number, { tag, manifest, pushed }: { tag: string; manifest: StoredManifest; pushed: Pushed }): Digest | undefined {
  const { database } = context;
  const before = database.get<{ digest: Digest }>("SELECT digest FROM tags WHERE repository_id = ? AND name = ?", id, tag)?.digest;
  database.run(
    `INSERT INTO tags (repository_id, name, digest, pushed_at, pushed_by) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (repository_id, name) DO UPDATE SET digest = excluded.digest, pushed_at = excluded.pushed_at, pushed_by = excluded.pushed_by`,
    id, tag, manifest.digest, pushed.at, pushed.by ?? null,
  );
  if (before === undefined) context.totals.tagged(id);
  if (before !== undefined && before !== manifest.digest) leaseManifest(context, id, before);
  const subject = fallbackSubject(tag);
  if (subject) {
    releaseReferrers(context, id, tag);
    adoptReferrers(context, id, { tag, subject, manifest });
  }
  return before;
}

/** Inside of a transaction: the collector leaves a manifest alone that a tag named until now, or that a client has found. */
export function leaseManifest(context: SqliteContext, id: number, digest: Digest): void {
  context.database.run("UPDATE manifests SET leased_until = max(leased_until, ?) WHERE repository_id = ? AND digest = ?", leaseEnd(context), id, digest);
}
