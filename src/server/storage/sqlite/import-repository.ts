import type { Metadata } from "../metadata.ts";
import type { StoredManifest } from "../records.ts";
import { findOrCreateRepository, forgetLists, LIVE, logEvent, type SqliteContext } from "./context.ts";
import { MANIFEST_COLUMNS, manifestOf, type ManifestRow } from "../rows.ts";
import { setTag, storeManifest } from "./manifest-rows.ts";

/** Takes whole repositories over. */
export function importPart(context: SqliteContext): Pick<Metadata, "importRepository"> {
  const { database, cache } = context;
  return {
    importRepository: ({ name, blobs, manifests, tags }, actor) =>
      database.write(() => {
        const id = findOrCreateRepository(context, name, actor);
        const hasManifest = (digest: string): boolean => database.get("SELECT 1 FROM manifests WHERE repository_id = ? AND digest = ?", id, digest) !== undefined;
        const pushedAt = (tag: string): number => database.get<{ pushed_at: number }>("SELECT pushed_at FROM tags WHERE repository_id = ? AND name = ?", id, tag)?.pushed_at ?? -1;
        for (const { digest, size, at } of blobs) {
          database.run(`INSERT OR IGNORE INTO blobs (digest, size, state, leased_until, created_at) VALUES (?, ?, ${LIVE}, ?, ?)`, digest, size, Date.now() + 2 * context.lease, at);
          if (database.run("INSERT OR IGNORE INTO repository_blobs (repository_id, digest, linked_at) VALUES (?, ?, ?)", id, digest, at).changes > 0) context.totals.linked(name, digest, size);
        }
        for (const { manifest, references, at } of manifests) {
          if (!hasManifest(manifest.digest)) storeManifest(context, id, { manifest, references, pushed: { at, by: actor.user } });
        }
        const lost: string[] = [];
        for (const { name: tag, digest, at } of tags) {
          if (pushedAt(tag) >= at) continue;
          const manifest = readManifest(id, digest);
          if (manifest) setTag(context, id, { tag, manifest, pushed: { at, by: actor.user } });
          else lost.push(tag);
          cache.tags.delete(`${name}:${tag}`);
        }
        forgetLists(context, name);
        logEvent(context, { action: "repository.import", repository: name, actor, detail: { blobs: String(blobs.length), manifests: String(manifests.length), tags: String(tags.length) } });
        return lost;
      }),
  };

  function readManifest(id: number, digest: string): StoredManifest | undefined {
    const row = database.get<ManifestRow>(`SELECT ${MANIFEST_COLUMNS} FROM manifests WHERE repository_id = ? AND digest = ?`, id, digest);
    return row && manifestOf(row);
  }
}
