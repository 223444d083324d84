import { isDigest, type Digest } from "../../../oci/digest.ts";
import { parseObject } from "../../../oci/manifest.ts";
import { isIndex } from "../../../oci/media-type.ts";
import { annotationsText, describeManifest } from "../describe-manifest.ts";
import type { StoredManifest } from "../records.ts";
import type { SqliteContext } from "./context.ts";

/** The subject that a fallback tag stands for (distribution-spec, "Referrers Tag Schema"); a sha512 does not fit into a tag. */
export function fallbackSubject(tag: string): Digest | undefined {
  return /^sha256-[a-f0-9]{64}$/.test(tag) ? `sha256:${tag.slice("sha256-".length)}` : undefined;
}

/**
 * Makes referrers of the manifests that a fallback tag's index lists and that name no subject themselves. Inside of a
 * transaction.
 */
export function adoptReferrers({ database }: SqliteContext, id: number, { tag, subject, manifest }: { tag: string; subject: Digest; manifest: StoredManifest }): void {
  if (!isIndex(manifest.mediaType)) return;
  const { manifests } = parseObject(manifest.bytes, "the index");
  for (const item of Array.isArray(manifests) ? (manifests as Readonly<Record<string, unknown>>[]) : []) {
    const { digest, artifactType, annotations } = item;
    if (typeof digest !== "string" || !isDigest(digest)) continue;
    const row = database.get<{ bytes: Uint8Array }>("SELECT bytes FROM manifests WHERE repository_id = ? AND digest = ? AND subject IS NULL", id, digest);
    if (!row) continue;
    const type = typeof artifactType === "string" && artifactType !== "" ? artifactType : describeManifest(row.bytes, digest).artifactType;
    database.run(
      "UPDATE manifests SET subject = ?, adopted_by = ?, artifact_type = ?, annotations = ? WHERE repository_id = ? AND digest = ?",
      subject, tag, type ?? null, annotationsText(annotations), id, digest,
    );
  }
}

/** Undoes what {@link adoptReferrers} did for the tag. */
export function releaseReferrers({ database }: SqliteContext, id: number, tag: string): void {
  database.run("UPDATE manifests SET subject = NULL, adopted_by = NULL, annotations = NULL WHERE repository_id = ? AND adopted_by = ?", id, tag);
}
