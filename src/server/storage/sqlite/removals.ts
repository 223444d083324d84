import type { Digest } from "../../../oci/digest.ts";
import type { Actor } from "../records.ts";
import { fallbackSubject } from "../fallback-subject.ts";
import { releaseReferrers } from "./adopted-referrers.ts";
import { logEvent, type SqliteContext } from "./context.ts";
import { leaseManifest } from "./manifest-rows.ts";

/** Inside of a transaction. */
export function dropTag(context: SqliteContext, id: number, repository: string, { name, digest }: { name: string; digest: Digest }, actor: Actor, detail?: Readonly<Record<string, string>>): void {
  context.database.run("DELETE FROM tags WHERE repository_id = ? AND name = ?", id, name);
  context.totals.removed();
  leaseManifest(context, id, digest);
  if (fallbackSubject(name)) releaseReferrers(context, id, name);
  context.cache.tags.delete(`${repository}:${name}`);
  logEvent(context, { action: "tag.delete", repository, tag: name, digest, actor, ...(detail ? { detail } : {}) });
}

/** Inside of a transaction: a manifest that is there, and what says what it names. Its tags stay. */
export function dropManifest(context: SqliteContext, id: number, repository: string, digest: Digest, actor: Actor): void {
  const { database, cache } = context;
  database.run("DELETE FROM manifests WHERE repository_id = ? AND digest = ?", id, digest);
  database.run("DELETE FROM manifest_references WHERE repository_id = ? AND manifest = ?", id, digest);
  cache.manifests.delete(`${repository}@${digest}`);
  logEvent(context, { action: "manifest.delete", repository, digest, actor });
}
