import { fault } from "../std/fault.ts";
import type { Database } from "./database.ts";

/**
 * One text of statements per format version; a released one is never edited, changes are appended.
 * Times are milliseconds since the epoch. `owner` is the lease of the process that is making or removing the row's object.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  -- What living processes use: see lease.ts.
  CREATE TABLE lease (id INTEGER PRIMARY KEY AUTOINCREMENT, pid INTEGER NOT NULL, started TEXT NOT NULL,
    boot TEXT NOT NULL, namespace TEXT NOT NULL, created_at INTEGER NOT NULL);
  CREATE TABLE lease_item (lease INTEGER NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL,
    PRIMARY KEY (lease, kind, object)) WITHOUT ROWID;

  -- state: 1 present, 2 being removed by owner.
  CREATE TABLE blob (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, state INTEGER NOT NULL, owner INTEGER,
    created_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE layer_blob (diff_id TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, media_type TEXT NOT NULL,
    codec TEXT NOT NULL, level INTEGER, PRIMARY KEY (diff_id, digest)) WITHOUT ROWID;
  CREATE INDEX layer_blob_digest ON layer_blob (digest);

  -- state: 0 being filled by owner, 1 committed, 2 being removed by owner. Ids are never used twice.
  -- settled: whether its files must be on the disk by now (after-boot.ts).
  CREATE TABLE snapshot (id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER, chain_id TEXT, diff_id TEXT, size INTEGER,
    state INTEGER NOT NULL, owner INTEGER, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, settled INTEGER NOT NULL DEFAULT 0);
  CREATE INDEX snapshot_unsettled ON snapshot (used_at) WHERE settled = 0;
  CREATE INDEX snapshot_chain ON snapshot (chain_id);
  CREATE INDEX snapshot_parent ON snapshot (parent);
  CREATE INDEX snapshot_owner ON snapshot (owner) WHERE owner IS NOT NULL;

  -- state: 1 present, 2 removed but kept while a lease needs it.
  CREATE TABLE image (id TEXT PRIMARY KEY, manifest TEXT, manifest_type TEXT, created INTEGER NOT NULL, state INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE image_blob (image TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (image, digest)) WITHOUT ROWID;
  CREATE TABLE image_layer (image TEXT NOT NULL, position INTEGER NOT NULL, diff_id TEXT NOT NULL, chain_id TEXT NOT NULL,
    PRIMARY KEY (image, position)) WITHOUT ROWID;
  CREATE TABLE image_name (name TEXT PRIMARY KEY, image TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX image_name_image ON image_name (image);
  CREATE TABLE image_repo_digest (repo_digest TEXT NOT NULL, image TEXT NOT NULL, PRIMARY KEY (repo_digest, image)) WITHOUT ROWID;
  CREATE INDEX image_repo_digest_image ON image_repo_digest (image);

  CREATE TABLE cache_record (key TEXT PRIMARY KEY, result_id TEXT NOT NULL, snapshot INTEGER, slot TEXT NOT NULL,
    components TEXT NOT NULL, files BLOB, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL);
  CREATE INDEX cache_record_slot ON cache_record (slot, created_at);
  CREATE INDEX cache_record_snapshot ON cache_record (snapshot);
  CREATE TABLE cache_alias (alias TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX cache_alias_key ON cache_alias (key);

  -- file is device:inode, stamp is the rest of a FileKey (context/file-digests.ts).
  CREATE TABLE file_digest (file TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL, scope TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX file_digest_scope ON file_digest (scope);
  `,
  // Digests of files are read all of a scope at once, which one row does four times faster than one per file.
  `
  DROP TABLE file_digest;
  CREATE TABLE file_digest_scope (scope TEXT PRIMARY KEY, entries TEXT NOT NULL, used_at INTEGER NOT NULL);
  `,
  // Containers: see container-store.ts. pid to namespace are the process that makes or supervises one, while it does.
  `
  CREATE TABLE container (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image TEXT NOT NULL, snapshot INTEGER,
    state TEXT NOT NULL, auto_remove INTEGER NOT NULL, spec TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER,
    finished_at INTEGER, exit_code INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', running TEXT,
    pid INTEGER, started TEXT, boot TEXT, namespace TEXT) WITHOUT ROWID;
  CREATE INDEX container_pid ON container (pid) WHERE pid IS NOT NULL;
  CREATE INDEX container_image ON container (image);
  `,
  // What pushes and pulls have learned of registries (blob-places.ts), and uploads that are open there (upload-journal.ts).
  `
  CREATE TABLE blob_place (digest TEXT NOT NULL, host TEXT NOT NULL, repository TEXT NOT NULL, seen_at INTEGER NOT NULL,
    PRIMARY KEY (digest, host, repository)) WITHOUT ROWID;
  INSERT OR IGNORE INTO blob_place (digest, host, repository, seen_at)
    SELECT image_blob.digest, substr(place, 1, instr(place, '/') - 1), substr(place, instr(place, '/') + 1), 0
    FROM (SELECT image, substr(repo_digest, 1, instr(repo_digest, '@') - 1) AS place FROM image_repo_digest)
    JOIN image_blob USING (image) JOIN image ON image.id = image_blob.image WHERE image_blob.digest IS NOT image.manifest;

  -- owner is the lease of the process that sends. A location may be as good as a password for a while.
  CREATE TABLE upload (host TEXT NOT NULL, repository TEXT NOT NULL, digest TEXT NOT NULL, location TEXT NOT NULL,
    owner INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (host, repository, digest)) WITHOUT ROWID;
  `,
  // used_at: when the last process that held it began (lease.ts). Mounts of images for people: see image-mounts.ts.
  `
  ALTER TABLE blob ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
  UPDATE blob SET used_at = created_at;
  ALTER TABLE image ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
  UPDATE image SET used_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000;

  CREATE TABLE image_mount (path TEXT PRIMARY KEY, image TEXT NOT NULL, snapshot INTEGER, boot TEXT NOT NULL,
    namespace TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
  `,
  // linked: the layer is all that its folder holds, whatever lies below, because it was made on its own.
  `
  ALTER TABLE snapshot ADD COLUMN linked INTEGER NOT NULL DEFAULT 0;
  `,
  // Builds that were made: see build-records.ts. pid to namespace are the process that builds.
  `
  CREATE TABLE build_record (ref TEXT NOT NULL UNIQUE, status TEXT NOT NULL, about TEXT NOT NULL, counts TEXT NOT NULL, error TEXT,
    steps NOT NULL, started_at INTEGER NOT NULL, completed_at INTEGER, updated_at INTEGER NOT NULL,
    pid INTEGER NOT NULL, started TEXT NOT NULL, boot TEXT NOT NULL, namespace TEXT NOT NULL);
  CREATE INDEX build_record_started ON build_record (started_at);
  `,
  // Caches of RUN (cache-mounts.ts). state: 0 being filled by owner, 1 present, 2 being removed by owner. measured_at: when size was counted.
  `
  CREATE TABLE cache_mount (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, seed TEXT NOT NULL, description TEXT NOT NULL,
    state INTEGER NOT NULL, owner INTEGER, size INTEGER, measured_at INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL);
  CREATE INDEX cache_mount_name ON cache_mount (name, seed);
  CREATE INDEX cache_mount_owner ON cache_mount (owner) WHERE owner IS NOT NULL;
  CREATE TABLE cache_mount_use (id INTEGER PRIMARY KEY AUTOINCREMENT, mount INTEGER NOT NULL, lease INTEGER NOT NULL, sharing TEXT NOT NULL);
  CREATE INDEX cache_mount_use_mount ON cache_mount_use (mount);
  `,
  // Indexes of several platforms are rows of image, with the index's digest as id and as manifest. This is what each of them lists, in its
  // order (image-parts.ts). present: what the entry names is here; image: the config's digest of an image that is here.
  `
  CREATE TABLE image_part (index_id TEXT NOT NULL, position INTEGER NOT NULL, manifest TEXT NOT NULL, descriptor TEXT NOT NULL,
    present INTEGER NOT NULL, image TEXT, PRIMARY KEY (index_id, position)) WITHOUT ROWID;
  CREATE INDEX image_part_image ON image_part (image) WHERE image IS NOT NULL;
  CREATE INDEX image_part_manifest ON image_part (manifest);
  `,
  // links: the first snapshot that had the same files, hard-linked; it may be gone by now. What was linked before this column counts by itself.
  `
  ALTER TABLE snapshot ADD COLUMN links INTEGER;
  `,
  // How often a container was started again by itself, by its restart policy.
  `
  ALTER TABLE container ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
  `,
  // unsettled: the boot in which a blob was written that nobody has waited for (unsettled-blobs.ts); created_at is the time of it.
  `
  ALTER TABLE blob ADD COLUMN unsettled TEXT;
  CREATE INDEX blob_unsettled ON blob (unsettled) WHERE unsettled IS NOT NULL;
  `,
  // attachments: manifests and statements that a build has made, as steps are kept: JSON, packed where it is long.
  `
  ALTER TABLE build_record ADD COLUMN attachments BLOB;
  `,
];

/** Bytes of the files of all snapshots, of hard-linked ones once. */
export const SNAPSHOT_BYTES = `(SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM snapshot WHERE state = 1 GROUP BY coalesce(links, id)))`;

/** The format that this version writes. */
export const knownFormat = MIGRATIONS.length;

export interface MigrateOptions {
  readonly migrations?: readonly string[] | undefined;
  /** Called before the first statement of a new database, while nobody else writes. */
  readonly onNew?: (() => void) | undefined;
}

/**
 * Brings the database to this version's format.
 * @throws STORE_NEWER when a newer Sampan has written it, and what `onNew` throws
 */
export function migrate(database: Database, { migrations = MIGRATIONS, onNew }: MigrateOptions = {}): void {
  if (formatVersion(database) === migrations.length) return;
  database.transaction(() => {
    // Another process may have done it while we waited for the lock.
    const found = formatVersion(database);
    if (found === 0) onNew?.();
    if (found > migrations.length) throw fault("STORE_NEWER", { path: database.path, found, known: migrations.length });
    for (const statements of migrations.slice(found)) database.exec(statements);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

export function formatVersion(database: Database): number {
  return database.get<{ user_version: number }>("PRAGMA user_version")!.user_version;
}
