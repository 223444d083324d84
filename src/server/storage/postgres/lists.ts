import type { Digest } from "../../../oci/digest.ts";
import type { Descriptor } from "../../../oci/manifest.ts";
import { costOfList } from "../cost-of-list.ts";
import type { Metadata } from "../metadata.ts";
import type { Listed, ListRange } from "../records.ts";
import { descriptorOf, type ReferrerRow } from "../rows.ts";
import { COST_OF_NAME, type PostgresContext } from "./context.ts";
import type { PostgresReader, PostgresValue } from "./postgres-database.ts";
import type { Remembered } from "./read-cache.ts";
import { CATALOG } from "./transaction.ts";

type ListPart = Pick<Metadata, "repositoryExists" | "repositories" | "tags" | "tagsOf" | "indexesOf" | "referrers">;

const REFERRERS_PAGE = 4 * 1024 * 1024;

/** One part of a sorted list; a row more than asked for tells whether there is more. The statement's last parameter is the limit. */
export async function readList<Row, Item>(reader: PostgresReader, sql: string, values: readonly PostgresValue[], { limit }: ListRange, itemOf: (row: Row) => Item): Promise<Listed<Item>> {
  const rows = await reader.all<Row>(`${sql} LIMIT $${values.length + 1}::bigint`, ...values, limit === undefined ? null : limit + 1);
  const more = limit !== undefined && rows.length > limit;
  return { items: (more ? rows.slice(0, limit) : rows).map(itemOf), more };
}

/** The id of a repository, from memory where it is there. */
export function knownRepository({ database }: PostgresContext, known: Remembered, name: string): Promise<number | undefined> {
  return known.read("id", async () => (await database.get<{ id: number }>("SELECT id FROM repositories WHERE name = $1", name))?.id, () => COST_OF_NAME);
}

/** Sorted lists, by parts. */
export function listPart(context: PostgresContext): ListPart {
  const { database, cache } = context;
  const listed = async <Item>(known: Remembered, key: string, { after, limit }: ListRange, read: () => Promise<Listed<Item>>): Promise<Listed<Item>> =>
    (await known.read(`${key} ${limit ?? ""} ${after ?? ""}`, read, ({ items }) => costOfList(items)))!;
  const nameOf = ({ name }: { name: string }): string => name;
  return {
    repositoryExists: async (name) => (await knownRepository(context, await cache.of(name), name)) !== undefined,

    async repositories(range) {
      return listed(await cache.of(CATALOG), "catalog", range, () => readList(database, "SELECT name FROM repositories WHERE name > $1 ORDER BY name", [range.after ?? ""], range, nameOf));
    },

    async tags(name, range) {
      const known = await cache.of(name);
      const id = await knownRepository(context, known, name);
      if (id === undefined) return undefined;
      return listed(known, "tags", range, () => readList(database, "SELECT name FROM tags WHERE repository_id = $1 AND name > $2 ORDER BY name", [id, range.after ?? ""], range, nameOf));
    },

    async tagsOf(name, digest) {
      const rows = await database.all<{ name: string }>("SELECT tags.name FROM tags JOIN repositories ON repositories.id = repository_id WHERE repositories.name = $1 AND digest = $2 ORDER BY tags.name", name, digest);
      return rows.map(nameOf);
    },

    async indexesOf(name, digest) {
      const rows = await database.all<{ manifest: Digest }>(
        "SELECT manifest FROM manifest_references r JOIN repositories ON repositories.id = repository_id WHERE repositories.name = $1 AND digest = $2 AND kind = 'manifest' ORDER BY manifest LIMIT 100", name, digest,
      );
      return rows.map(({ manifest }) => manifest);
    },

    async referrers(name, subject, { artifactType, ...range }) {
      const known = await cache.of(name);
      const id = await knownRepository(context, known, name);
      if (id === undefined) return { items: [], more: false };
      return listed(known, `referrers ${subject} ${artifactType ?? ""}`, range, () => readReferrers(database, { repository: id, subject, artifactType }, range));
    },
  };
}

/** Until the list is as long as it may be, or the page as large (distribution-spec: 4 MiB); the database adds up, so that no more of it comes here. */
async function readReferrers(reader: PostgresReader, wanted: { repository: number; subject: Digest; artifactType: string | undefined }, { after, limit }: ListRange): Promise<Listed<Descriptor>> {
  const rows = await reader.all<ReferrerRow & { bytes: number; place: number }>(
    `SELECT * FROM (
      SELECT digest, media_type, size, artifact_type, annotations, row_number() OVER list AS place,
          sum(coalesce(length(annotations), 0) + 500) OVER (list ROWS UNBOUNDED PRECEDING)::bigint AS bytes FROM manifests
        WHERE repository_id = $1 AND subject = $2 AND digest > $3 AND ($4::text IS NULL OR artifact_type = $4) WINDOW list AS (ORDER BY digest)
    ) AS listed WHERE (bytes <= ${REFERRERS_PAGE} OR place = 1) ORDER BY digest LIMIT $5::bigint`,
    wanted.repository, wanted.subject, after ?? "", wanted.artifactType ?? null, limit === undefined ? null : limit + 1,
  );
  if (limit !== undefined && rows.length > limit) return { items: rows.slice(0, limit).map(descriptorOf), more: true };
  const last = rows.at(-1)?.digest;
  const more = last !== undefined && (await reader.get(
    "SELECT 1 FROM manifests WHERE repository_id = $1 AND subject = $2 AND digest > $3 AND ($4::text IS NULL OR artifact_type = $4) LIMIT 1",
    wanted.repository, wanted.subject, last, wanted.artifactType ?? null,
  )) !== undefined;
  return { items: rows.map(descriptorOf), more };
}
