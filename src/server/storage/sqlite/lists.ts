import type { Digest } from "../../../oci/digest.ts";
import type { Descriptor } from "../../../oci/manifest.ts";
import type { Metadata } from "../metadata.ts";
import type { Listed, ListRange } from "../records.ts";
import { descriptorOf, eventOf, type EventRow, type ReferrerRow } from "../rows.ts";
import { findRepository, type SqliteContext } from "./context.ts";
import type { RegistryDatabase } from "./registry-database.ts";

type ListPart = Pick<Metadata, "repositoryExists" | "repositories" | "tags" | "tagsOf" | "indexesOf" | "referrers" | "events" | "forgetEvents">;

const REFERRERS_AT_ONCE = 16;
const REFERRERS_PAGE = 4 * 1024 * 1024;

/** One part of a sorted list; a row more than asked for tells whether there is more. */
export function readList<Row, Item>(database: RegistryDatabase, sql: string, values: readonly (string | number)[], range: ListRange, itemOf: (row: Row) => Item): Listed<Item> {
  const limit = range.limit ?? -1;
  const rows = database.all<Row>(`${sql} LIMIT ?`, ...values, limit < 0 ? -1 : limit + 1);
  const more = limit >= 0 && rows.length > limit;
  return { items: (more ? rows.slice(0, limit) : rows).map(itemOf), more };
}

/** Sorted lists, by parts. */
export function listPart(context: SqliteContext): ListPart {
  const { database, cache } = context;
  return {
    async repositoryExists(name) {
      database.checkVersion();
      return findRepository(context, name) !== undefined;
    },

    async repositories(range) {
      database.checkVersion();
      return cache.list(keyOf("catalog", range), cache.catalog, () =>
        readList(database, "SELECT name FROM repositories WHERE name > ? ORDER BY name", [range.after ?? ""], range, ({ name }: { name: string }) => name),
      );
    },

    async tags(name, range) {
      database.checkVersion();
      const repository = findRepository(context, name);
      return repository && cache.list(keyOf("tags", range), repository.generation, () =>
        readList(database, "SELECT name FROM tags WHERE repository_id = ? AND name > ? ORDER BY name", [repository.id, range.after ?? ""], range, (row: { name: string }) => row.name),
      );
    },

    async tagsOf(name, digest) {
      return database
        .all<{ name: string }>("SELECT tags.name FROM tags JOIN repositories ON repositories.id = repository_id WHERE repositories.name = ? AND digest = ? ORDER BY tags.name", name, digest)
        .map((row) => row.name);
    },

    async indexesOf(name, digest) {
      return database
        .all<{ manifest: Digest }>(
          "SELECT manifest FROM manifest_references r JOIN repositories ON repositories.id = repository_id WHERE repositories.name = ? AND digest = ? AND kind = 'manifest' ORDER BY manifest LIMIT 100", name, digest,
        )
        .map((row) => row.manifest);
    },

    async referrers(name, subject, { artifactType, ...range }) {
      database.checkVersion();
      const repository = findRepository(context, name);
      if (!repository) return { items: [], more: false };
      return cache.list(keyOf(`referrers ${subject} ${artifactType ?? ""}`, range), repository.generation, () =>
        readReferrers(database, { repository: repository.id, subject, artifactType }, range));
    },

    forgetEvents: (upTo) => database.write(() => void database.run("DELETE FROM events WHERE id <= ?", upTo)),

    async events({ after, limit, since }) {
      return database.all<EventRow>("SELECT * FROM events WHERE id > ? AND at >= ? ORDER BY id LIMIT ?", after, since ?? 0, limit).map(eventOf);
    },
  };
}

/** A few rows at a time, until the list is as long as it may be, or the page as large (distribution-spec: 4 MiB). */
function readReferrers(database: RegistryDatabase, wanted: { repository: number; subject: Digest; artifactType: string | undefined }, { after, limit = Number.POSITIVE_INFINITY }: ListRange): Listed<Descriptor> {
  const items: Descriptor[] = [];
  let bytes = 0;
  for (let last = after ?? ""; ; ) {
    const rows = database.all<ReferrerRow>(
      `SELECT digest, media_type, size, artifact_type, annotations FROM manifests
        WHERE repository_id = ?1 AND subject = ?2 AND digest > ?3 AND (?4 IS NULL OR artifact_type = ?4) ORDER BY digest LIMIT ?5`,
      wanted.repository, wanted.subject, last, wanted.artifactType ?? null, REFERRERS_AT_ONCE,
    );
    for (const row of rows) {
      bytes += (row.annotations?.length ?? 0) + 500;
      if (items.length >= limit || (bytes > REFERRERS_PAGE && items.length > 0)) return { items, more: true };
      items.push(descriptorOf(row));
    }
    if (rows.length < REFERRERS_AT_ONCE) return { items, more: false };
    last = rows.at(-1)!.digest;
  }
}

function keyOf(list: string, { after, limit }: ListRange): string {
  return `${list} ${limit ?? ""} ${after ?? ""}`;
}
