/**
 * Records as rows, for moving all of a registry from one driver to the other. Both have the same columns with the same meanings. Where bytes
 * lie, and uploads on their way, belong to the place that has the bytes: they do not move.
 */
export interface Transfer {
  /** The rows as they are at one moment, whoever writes meanwhile. */
  snapshot(): Promise<RecordSnapshot>;
  /** The registry whose records these are to become, until {@link endFilling}; undefined as a rule. Nobody may serve them then. */
  filledFrom(): Promise<string | undefined>;
  /** What speaks against {@link beginFilling}; nothing is changed for that. */
  fillingProblem(source: string, blobs: string): Promise<string | undefined>;
  /**
   * Begins to fill these records with those of another registry, or begins anew: what was added until then is forgotten, but for where bytes lie.
   * From then on they belong to that migration, and to the place of its blobs.
   * @param blobs what the records of several servers call that place
   * @returns what speaks against it, without a change: a registry of its own, be it empty, another migration, or another place
   */
  beginFilling(source: string, blobs: string): Promise<string | undefined>;
  /** Adds rows of a snapshot, with the ids that they have there. Durable at the end only. */
  addRows(table: RecordTable, rows: readonly RecordRow[]): Promise<void>;
  /** Has new rows of that table get ids above this one. */
  reserveIds(table: RecordTable, upTo: number): Promise<void>;
  /** From here on they are those of a registry like any other. */
  endFilling(): Promise<void>;
}

export interface RecordSnapshot extends AsyncDisposable {
  /** All rows of a table in pages, sorted by its key. */
  rows(table: RecordTable): AsyncIterable<readonly RecordRow[]>;
  /** The largest id that the table has ever given away. */
  lastId(table: RecordTable): Promise<number>;
}

export type RecordValue = string | number | Uint8Array | null;
export type RecordRow = Readonly<Record<string, RecordValue>>;

export interface RecordTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** No two rows have the same. */
  readonly key: readonly string[];
  /** Which rows move; all by default. */
  readonly where?: string;
  /** Whether the key is an id that is never used twice. */
  readonly ids?: true;
  /** Rows of a page. */
  readonly page: number;
}

const PAGE = 1000;
/** A manifest has up to 4 MiB. */
const PAGE_OF_MANIFESTS = 50;

/** Blobs that are being removed have no bytes to be moved. */
export const recordTables: readonly RecordTable[] = [
  { name: "repositories", columns: ["id", "name", "created_at"], key: ["id"], ids: true, page: PAGE },
  { name: "blobs", columns: ["digest", "size", "state", "leased_until", "created_at"], key: ["digest"], where: "state = 1", page: PAGE },
  { name: "repository_blobs", columns: ["repository_id", "digest", "linked_at"], key: ["repository_id", "digest"], page: PAGE },
  {
    name: "manifests", key: ["repository_id", "digest"], page: PAGE_OF_MANIFESTS,
    columns: ["repository_id", "digest", "media_type", "size", "subject", "artifact_type", "annotations", "adopted_by", "config_digest", "pushed_at", "pushed_by", "pulled_at", "pulls", "leased_until", "bytes"],
  },
  { name: "manifest_references", columns: ["repository_id", "manifest", "kind", "digest"], key: ["repository_id", "manifest", "kind", "digest"], page: PAGE },
  { name: "tags", columns: ["repository_id", "name", "digest", "pushed_at", "pushed_by", "pulled_at"], key: ["repository_id", "name"], page: PAGE },
  { name: "trash", columns: ["id", "repository_id", "tag", "digest", "discarded_at", "expires_at", "discarded_by", "reason"], key: ["id"], ids: true, page: PAGE },
  { name: "secrets", columns: ["id", "kind", "owner", "name", "hash", "scope", "created_at", "expires_at", "disabled", "used_at", "person"], key: ["id"], ids: true, page: PAGE },
  { name: "events", columns: ["id", "at", "action", "repository", "tag", "digest", "user", "address", "agent", "detail"], key: ["id"], ids: true, page: PAGE },
  { name: "event_cursors", columns: ["reader", "event"], key: ["reader"], page: PAGE },
];

/** Tables that are empty in a registry that has never had anything. */
export const TABLES_OF_CONTENT = ["repositories", "blobs", "secrets", "trash", "events", "blob_objects"] as const;

/** What `settings` calls the registry that the records come from. */
export const FILLED_FROM = "filled from";
/** What `settings` calls the place of the blobs, where several servers share the records. */
export const BLOBS_PLACE = "blobs";

/** What a driver finds in records that are to be filled. */
export interface FillingState {
  readonly filledFrom: string | undefined;
  /** Whether there is anything of a registry. */
  readonly content: boolean;
  /** Where blobs are, where records of several servers say so; a registry has said it before its first blob. */
  readonly blobs: string | undefined;
}

export function problemOf({ filledFrom, content, blobs }: FillingState, source: string, wanted: string): string | undefined {
  if (filledFrom === undefined && content) return "its records are those of a registry already";
  if (filledFrom === undefined) return blobs === undefined ? undefined : `its database is that of another registry, which has nothing in it yet and its blobs in ${blobs}`;
  if (filledFrom !== source) return "an unfinished migration of another registry is in it";
  return blobs === undefined || blobs === wanted ? undefined : `the migration that its database is filled by has its blobs in ${blobs}`;
}

/** `user` is a word of SQL. */
export const quoted = (column: string): string => `"${column}"`;

/** Rows after the one with these values of the key; `placeholder` writes the n-th value. */
export function pageQuery({ name, columns, key, where, page }: RecordTable, after: boolean, placeholder: (number: number) => string): string {
  const keys = key.map(quoted).join(", ");
  const conditions = [...(where === undefined ? [] : [where]), ...(after ? [`(${keys}) > (${key.map((_, index) => placeholder(index + 1)).join(", ")})`] : [])];
  return `SELECT ${columns.map(quoted).join(", ")} FROM ${name}${conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`} ORDER BY ${keys} LIMIT ${page}`;
}

/** All pages that such queries give. */
export async function* everyPage(table: RecordTable, read: (after: readonly RecordValue[] | undefined) => Promise<readonly RecordRow[]>): AsyncIterable<readonly RecordRow[]> {
  let after: readonly RecordValue[] | undefined;
  for (;;) {
    const rows = await read(after);
    if (rows.length > 0) yield rows;
    if (rows.length < table.page) return;
    after = table.key.map((column) => rows.at(-1)![column]!);
  }
}
