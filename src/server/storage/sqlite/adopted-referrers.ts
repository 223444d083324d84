import type { Digest } from "../../../oci/digest.ts";
import { describeManifest } from "../describe-manifest.ts";
import { listedReferrers } from "../fallback-subject.ts";
import type { StoredManifest } from "../records.ts";
import type { SqliteContext } from "./context.ts";

/**
 * Makes referrers of the manifests that a fallback tag's index lists and that name no subject themselves. Inside of a
 * transaction.
 */
export function adoptReferrers({ database }: SqliteContext, id: number, { tag, subject, manifest }: { tag: string; subject: Digest; manifest: StoredManifest }): void {
  for (const { digest, artifactType, annotations } of listedReferrers(manifest)) {
    const row = database.get<{ bytes: Uint8Array }>("SELECT bytes FROM manifests WHERE repository_id = ? AND digest = ? AND subject IS NULL", id, digest);
    if (!row) continue;
    database.run(
      "UPDATE manifests SET subject = ?, adopted_by = ?, artifact_type = ?, annotations = ? WHERE repository_id = ? AND digest = ?",
      subject, tag, artifactType ?? describeManifest(row.bytes, digest).artifactType ?? null, annotations, id, digest,
    );
  }
}

/** Undoes what {@link adoptReferrers} did for the tag. */
export function releaseReferrers({ database }: SqliteContext, id: number, tag: string): void {
  database.run("UPDATE manifests SET subject = NULL, adopted_by = NULL, annotations = NULL WHERE repository_id = ? AND adopted_by = ?", id, tag);
}
