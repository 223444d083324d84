import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Digest } from "../oci/digest.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import { toNumber } from "./snapshot-store.ts";

/** One file or directory that went into a content key, so that a miss can be explained. */
export interface CachedFile {
  readonly path: string;
  readonly digest: Digest;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly type: string;
  readonly capability?: string | undefined;
}

/** What a step gave when it ran. */
export interface CacheRecord {
  readonly key: Digest;
  /** Identifies the result as an input of further steps. */
  readonly resultId: Digest;
  /** The snapshot it left; null for an empty root. */
  readonly snapshot: string | null;
  /** The place in a Dockerfile that the record stands for, so that {@link CacheRecords.latest} finds what ran there before. */
  readonly slot: string;
  /** Every component that went into the key, by name. */
  readonly components: Readonly<Record<string, string>>;
  /** The files that went into a content key. Unpacked when first read. */
  readonly files?: readonly CachedFile[] | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A use that is no later than this after the last one, in milliseconds, is not noted: the rows may be large. */
export const SAME_USE = 60_000;

/** Records that a miss is compared with at most. */
const EARLIER = 50;
/** The slots of a stage are its own, the number of the step and what it does. `0` is the character after the slash. */
const STAGE = /^(.+)\/\d+\/[a-z]+(?:\/link)?(?: for .+)?$/;

/** Results of steps by their keys: the definition key, and content keys as aliases. */
export class CacheRecords {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #found = new Set<Digest>();
  /** What was left in the slots that are expected, by keys and aliases. */
  readonly #left = new Map<Digest, Row>();

  constructor(database: Database, lease: Lease) {
    this.#database = database;
    this.#lease = lease;
  }

  /** The record of that key or alias. Its snapshot is held: it stays for as long as this process works. */
  find(key: Digest): CacheRecord | undefined {
    const record = this.#usable(() => this.#database.get<Row>(`${SELECT} AND key IN (?1, (SELECT key FROM cache_alias WHERE alias = ?1)) ORDER BY key = ?1 DESC LIMIT 1`, key), this.#left.get(key));
    if (record !== undefined) this.#found.add(record.key);
    return record;
  }

  /** The record that was saved last for a slot, whatever its key. */
  latest(slot: string): CacheRecord | undefined {
    return this.#usable(() => this.#database.get<Row>(`${SELECT} AND slot = ? ORDER BY created_at DESC, rowid DESC LIMIT 1`, slot));
  }

  /** What earlier processes saved, the last records first: of the slot, then of other steps of its stage. Nothing of them is held. */
  earlier(slot: string): CacheRecord[] {
    const stage = STAGE.exec(slot)?.[1];
    const rows = this.#database.all<Row>(
      `${SELECT} AND created_at <= ?2 AND (slot = ?1${stage === undefined ? "" : " OR (slot >= ?3 AND slot < ?4)"}) ORDER BY slot = ?1 DESC, created_at DESC, rowid DESC LIMIT ${EARLIER}`,
      slot, this.#lease.usedAt, ...(stage === undefined ? [] : [`${stage}/`, `${stage}0`]),
    );
    return rows.map((row) => this.#record(row));
  }

  /**
   * Holds what the last build left in these slots, as a build does that will look most of it up: snapshots, and the blobs that
   * their layers are packed in. The records are read with it.
   */
  expect(slots: readonly string[]): void {
    const wanted = JSON.stringify(slots);
    if (this.#database.get(`SELECT 1 ${LEFT} LIMIT 1`, wanted) === undefined) return;
    this.#database.transaction(() => {
      const rows = this.#database.all<LeftRow>(`SELECT ${COLUMNS}, b.digest ${LEFT}`, wanted);
      this.#lease.expect("snapshot", rows.map(({ snapshot }) => String(snapshot)));
      this.#lease.expect("blob", rows.flatMap(({ digest }) => digest ?? []));
      const byKey = new Map(rows.map((row) => [row.key, row]));
      const aliases = this.#database.all<{ alias: Digest; key: Digest }>(ALIASES, JSON.stringify([...byKey.keys()]));
      for (const { alias, key } of aliases) this.#left.set(alias, byKey.get(key)!);
      for (const [key, row] of byKey) this.#left.set(key, row);
    });
  }

  /** Saves a record under its key and aliases, in place of earlier ones. */
  save(record: CacheRecord & { readonly aliases: readonly Digest[] }): void {
    const files = record.files === undefined ? null : zstdCompressSync(JSON.stringify(record.files));
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT OR REPLACE INTO cache_record (key, result_id, snapshot, slot, components, files, created_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        record.key, record.resultId, record.snapshot === null ? null : toNumber(record.snapshot), record.slot,
        JSON.stringify(record.components), files, record.createdAt, this.#lease.usedAt,
      );
      for (const key of [record.key, ...record.aliases]) this.#left.delete(key);
      for (const alias of record.aliases) this.#database.run("INSERT OR REPLACE INTO cache_alias (alias, key) VALUES (?, ?)", alias, record.key);
    });
  }

  /** From now on `alias` finds what `key` finds. */
  alias(key: Digest, alias: Digest): void {
    this.#left.delete(alias);
    this.#database.run(
      "INSERT OR REPLACE INTO cache_alias (alias, key) SELECT ?1, key FROM cache_record WHERE key = ?2 UNION SELECT ?1, key FROM cache_alias WHERE alias = ?2",
      alias, key,
    );
  }

  /** Notes which records were used, for those who remove the least recently used; closing the store does it. */
  flush(): void {
    if (this.#found.size === 0) return;
    const { usedAt } = this.#lease;
    this.#database.run(
      "UPDATE cache_record SET used_at = ?1 WHERE key IN (SELECT value FROM json_each(?2)) AND used_at < ?1 - ?3", usedAt, JSON.stringify([...this.#found]), SAME_USE,
    );
    this.#found.clear();
  }

  #usable(read: () => Row | undefined, seen = read()): CacheRecord | undefined {
    if (seen === undefined) return undefined;
    const row = seen.snapshot === null ? seen : this.#lease.lookup("snapshot", read, ({ snapshot }) => String(snapshot), seen);
    return row && this.#record(row);
  }

  #record(row: Row): CacheRecord {
    const database = this.#database;
    let files: readonly CachedFile[] | undefined;
    return {
      key: row.key,
      resultId: row.result_id,
      snapshot: row.snapshot === null ? null : row.snapshot.toString(36),
      slot: row.slot,
      components: JSON.parse(row.components) as Record<string, string>,
      createdAt: row.created_at,
      get files() {
        if (files === undefined && row.has_files === 1) files = readFiles(database, row.key);
        return files;
      },
    };
  }
}

interface Row {
  readonly key: Digest;
  readonly result_id: Digest;
  readonly snapshot: number | null;
  readonly slot: string;
  readonly components: string;
  readonly has_files: number;
  readonly created_at: number;
}

interface LeftRow extends Row {
  readonly snapshot: number;
  /** Of the blob that the snapshot's layer is packed in; where there are several, there is a row for each. */
  readonly digest: Digest | null;
}

const COLUMNS = "r.key, r.result_id, r.snapshot, r.slot, r.components, r.files IS NOT NULL AS has_files, r.created_at";

const LEFT = `
  FROM json_each(?) AS wanted
  JOIN cache_record AS r ON r.rowid = (SELECT rowid FROM cache_record WHERE slot = wanted.value ORDER BY created_at DESC, rowid DESC LIMIT 1)
  JOIN snapshot AS s ON s.id = r.snapshot AND s.state = 1
  LEFT JOIN layer_blob AS l ON l.diff_id = s.diff_id LEFT JOIN blob AS b ON b.digest = l.digest AND b.state = 1`;

/** A record of that key comes before one that has it as an alias. */
const ALIASES = `
  SELECT alias, key FROM cache_alias AS a
  WHERE key IN (SELECT value FROM json_each(?)) AND NOT EXISTS (SELECT 1 FROM cache_record AS r WHERE r.key = a.alias)`;

/** A record whose snapshot is gone or going is no record. */
const SELECT = `
  SELECT ${COLUMNS} FROM cache_record AS r
  WHERE (snapshot IS NULL OR EXISTS (SELECT 1 FROM snapshot AS s WHERE s.id = r.snapshot AND s.state = 1))`;

function readFiles(database: Database, key: Digest): CachedFile[] | undefined {
  const row = database.get<{ files: Uint8Array | null }>("SELECT files FROM cache_record WHERE key = ?", key);
  return row?.files ? JSON.parse(zstdDecompressSync(row.files).toString()) as CachedFile[] : undefined;
}
