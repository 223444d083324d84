import { fault } from "../../../std/fault.ts";
import type { Database } from "../../../store/database.ts";

/**
 * Steps that lead to the present tables, by name; each is done once, in this order. A released one is never edited:
 * changes are appended. Times are milliseconds since the epoch.
 */
export const migrations: Readonly<Record<string, string>> = {
  registry: `
    CREATE TABLE repositories (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
      public INTEGER NOT NULL DEFAULT 0);

    -- state: 1 live, 2 being removed. version grows with every change, for who compares and swaps.
    -- leased_until: while it lies in the future nobody may collect the blob; of one that is being removed, when that began.
    CREATE TABLE blobs (digest TEXT PRIMARY KEY, size INTEGER NOT NULL, state INTEGER NOT NULL, version INTEGER NOT NULL DEFAULT 1,
      leased_until INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX blobs_removed ON blobs (leased_until) WHERE state = 2;
    CREATE TABLE repository_blobs (repository_id INTEGER NOT NULL, digest TEXT NOT NULL, linked_at INTEGER NOT NULL,
      PRIMARY KEY (repository_id, digest)) WITHOUT ROWID;
    CREATE INDEX repository_blobs_digest ON repository_blobs (digest);

    -- adopted_by: the fallback tag that made this manifest a referrer, where it has no subject of its own.
    CREATE TABLE manifests (id INTEGER PRIMARY KEY, repository_id INTEGER NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL,
      size INTEGER NOT NULL, subject TEXT, artifact_type TEXT, annotations TEXT, adopted_by TEXT, config_digest TEXT,
      pushed_at INTEGER NOT NULL, pushed_by TEXT, pulled_at INTEGER, pulls INTEGER NOT NULL DEFAULT 0, bytes BLOB NOT NULL,
      UNIQUE (repository_id, digest));
    CREATE INDEX manifests_subject ON manifests (repository_id, subject, digest) WHERE subject IS NOT NULL;
    CREATE INDEX manifests_adopted ON manifests (repository_id, adopted_by) WHERE adopted_by IS NOT NULL;
    CREATE TABLE manifest_references (repository_id INTEGER NOT NULL, manifest TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('blob', 'manifest')),
      digest TEXT NOT NULL, PRIMARY KEY (repository_id, manifest, digest, kind)) WITHOUT ROWID;
    CREATE INDEX manifest_references_digest ON manifest_references (digest, repository_id, kind);
    CREATE TABLE tags (repository_id INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL, pushed_at INTEGER NOT NULL,
      pushed_by TEXT, pulled_at INTEGER, PRIMARY KEY (repository_id, name)) WITHOUT ROWID;
    CREATE INDEX tags_digest ON tags (repository_id, digest);

    -- Names stay readable when their repository is gone.
    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, action TEXT NOT NULL, repository TEXT NOT NULL,
      tag TEXT, digest TEXT, user TEXT, address TEXT, agent TEXT, detail TEXT);
    CREATE INDEX events_repository ON events (repository, id);
  `,
  // While it lies in the future, the collector leaves the manifest alone though no tag leads to it.
  trash: `
    CREATE TABLE trash (id INTEGER PRIMARY KEY AUTOINCREMENT, repository_id INTEGER NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL,
      discarded_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, discarded_by TEXT, reason TEXT NOT NULL);
    CREATE INDEX trash_repository ON trash (repository_id, tag);
    CREATE INDEX trash_expires ON trash (expires_at);
  `,
  "manifest leases": "ALTER TABLE manifests ADD COLUMN leased_until INTEGER NOT NULL DEFAULT 0",
  // Of robots and personal tokens; scope: JSON {role, repositories}.
  secrets: `
    CREATE TABLE secrets (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN ('robot', 'token')), owner TEXT NOT NULL,
      name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, scope TEXT, created_at INTEGER NOT NULL, expires_at INTEGER,
      disabled INTEGER NOT NULL DEFAULT 0, used_at INTEGER, UNIQUE (kind, owner, name));
  `,
  // How far readers of the events have come.
  "event cursors": "CREATE TABLE event_cursors (reader TEXT PRIMARY KEY, event INTEGER NOT NULL) WITHOUT ROWID",
  // Of a storage of objects. uploads.object is written in parts, multipart is what the service calls that; a piece is one of its parts
  // (name: ETag) or an object of its own. A worker has an upload to itself until claimed_until.
  objects: `
    CREATE TABLE uploads (id TEXT PRIMARY KEY, repository TEXT NOT NULL, algorithm TEXT NOT NULL, owner TEXT, part_size INTEGER NOT NULL, object TEXT,
      multipart TEXT, ended INTEGER NOT NULL DEFAULT 0, worker TEXT, claimed_until INTEGER NOT NULL DEFAULT 0, touched_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX uploads_owner ON uploads (owner);
    CREATE INDEX uploads_touched ON uploads (touched_at);
    CREATE TABLE upload_pieces (upload TEXT NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('part', 'object')), name TEXT NOT NULL, PRIMARY KEY (upload, start)) WITHOUT ROWID;
    CREATE TABLE blob_objects (digest TEXT PRIMARY KEY, object TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, placed_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE condemned_objects (name TEXT PRIMARY KEY, multipart TEXT, condemned_at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX condemned_objects_age ON condemned_objects (condemned_at);
  `,
  // One row.
  identity: "CREATE TABLE identity (id TEXT NOT NULL); INSERT INTO identity VALUES (lower(hex(randomblob(16))))",
  settings: "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  // Of personal tokens, whose owner is a name: which user of that name it is. NULL until the registry sees who has the name.
  "owners of tokens": "ALTER TABLE secrets ADD COLUMN person TEXT",
};

/** Brings the tables to this version's form. @throws STORE_NEWER when a newer Sampan has written the file */
export function migrate(database: Database): void {
  database.transaction(() => {
    database.exec("CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) WITHOUT ROWID");
    const done = new Set(database.all<{ name: string }>("SELECT name FROM schema_migrations").map(({ name }) => name));
    const known = Object.keys(migrations);
    if ([...done].some((name) => !known.includes(name))) throw fault("STORE_NEWER", { path: database.path, found: done.size, known: known.length });
    for (const [name, statements] of Object.entries(migrations)) {
      if (done.has(name)) continue;
      database.exec(statements);
      database.run("INSERT INTO schema_migrations (name, applied_at) VALUES (?, ?)", name, Date.now());
    }
  });
}
