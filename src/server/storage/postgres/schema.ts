import { randomUUID } from "node:crypto";
import { fault } from "../../../std/fault.ts";
import { CLOCK } from "./clock.ts";
import { sumTriggers } from "./sum-triggers.ts";
import { lockKey, SCHEMA, type PostgresDatabase } from "./postgres-database.ts";

/**
 * Steps that lead to the present tables, by name; each is done once, in this order. A released one is never edited:
 * changes are appended. Times are milliseconds since the epoch, texts are compared by code unit. The columns are those of the
 * SQLite driver, where their meaning is said.
 */
export const migrations: Readonly<Record<string, string | readonly string[]>> = {
  registry: `
    CREATE TABLE settings (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);

    CREATE TABLE repositories (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, created_at bigint NOT NULL);

    CREATE TABLE blobs (digest text COLLATE "C" PRIMARY KEY, size bigint NOT NULL, state smallint NOT NULL, version bigint NOT NULL DEFAULT 1,
      leased_until bigint NOT NULL, created_at bigint NOT NULL) WITH (fillfactor = 85);
    CREATE INDEX blobs_removed ON blobs (leased_until) WHERE state = 2;
    CREATE TABLE repository_blobs (repository_id bigint NOT NULL, digest text COLLATE "C" NOT NULL, linked_at bigint NOT NULL, PRIMARY KEY (repository_id, digest));
    CREATE INDEX repository_blobs_digest ON repository_blobs (digest);

    CREATE TABLE manifests (repository_id bigint NOT NULL, digest text COLLATE "C" NOT NULL, media_type text NOT NULL, size bigint NOT NULL,
      subject text COLLATE "C", artifact_type text, annotations text, adopted_by text COLLATE "C", config_digest text COLLATE "C",
      pushed_at bigint NOT NULL, pushed_by text, pulled_at bigint, pulls bigint NOT NULL DEFAULT 0, leased_until bigint NOT NULL DEFAULT 0,
      bytes bytea NOT NULL, PRIMARY KEY (repository_id, digest)) WITH (fillfactor = 85);
    CREATE INDEX manifests_subject ON manifests (repository_id, subject, digest) WHERE subject IS NOT NULL;
    CREATE INDEX manifests_adopted ON manifests (repository_id, adopted_by) WHERE adopted_by IS NOT NULL;
    CREATE TABLE manifest_references (repository_id bigint NOT NULL, manifest text COLLATE "C" NOT NULL, kind text NOT NULL CHECK (kind IN ('blob', 'manifest')),
      digest text COLLATE "C" NOT NULL, PRIMARY KEY (repository_id, manifest, digest, kind));
    CREATE INDEX manifest_references_digest ON manifest_references (digest, repository_id, kind);
    CREATE TABLE tags (repository_id bigint NOT NULL, name text COLLATE "C" NOT NULL, digest text COLLATE "C" NOT NULL, pushed_at bigint NOT NULL,
      pushed_by text, pulled_at bigint, PRIMARY KEY (repository_id, name)) WITH (fillfactor = 85);
    CREATE INDEX tags_digest ON tags (repository_id, digest);
    CREATE TABLE trash (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, repository_id bigint NOT NULL, tag text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL, discarded_at bigint NOT NULL, expires_at bigint NOT NULL, discarded_by text, reason text NOT NULL);
    CREATE INDEX trash_repository ON trash (repository_id, tag);
    CREATE INDEX trash_expires ON trash (expires_at);

    -- Events come in at the same time, and their ids tell nothing of who was first to commit. Whoever reads puts them in their order (events.ts).
    CREATE TABLE event_arrivals (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, action text NOT NULL, repository text COLLATE "C" NOT NULL,
      tag text, digest text, "user" text, address text, agent text, detail text);
    CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at bigint NOT NULL, action text NOT NULL, repository text COLLATE "C" NOT NULL,
      tag text, digest text, "user" text, address text, agent text, detail text);
    CREATE INDEX events_repository ON events (repository, id);
    CREATE TABLE event_cursors (reader text COLLATE "C" PRIMARY KEY, event bigint NOT NULL);

    CREATE TABLE secrets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL CHECK (kind IN ('robot', 'token')), owner text COLLATE "C" NOT NULL,
      name text COLLATE "C" NOT NULL, hash text COLLATE "C" NOT NULL UNIQUE, scope text, created_at bigint NOT NULL, expires_at bigint,
      disabled smallint NOT NULL DEFAULT 0, used_at bigint, UNIQUE (kind, owner, name));

    -- What transactions have changed, for the memories of other processes (read-cache.ts).
    CREATE TABLE changes (transaction xid8 NOT NULL DEFAULT pg_current_xact_id(), at timestamptz NOT NULL DEFAULT now(), what text NOT NULL);
    CREATE INDEX changes_transaction ON changes (transaction);
    CREATE INDEX changes_at ON changes (at);
  `,
  objects: `
    CREATE TABLE uploads (id text COLLATE "C" PRIMARY KEY, repository text NOT NULL, algorithm text NOT NULL, owner text, part_size bigint NOT NULL,
      object text, multipart text, ended boolean NOT NULL DEFAULT false, worker text, claimed_until bigint NOT NULL DEFAULT 0, touched_at bigint NOT NULL) WITH (fillfactor = 70);
    CREATE INDEX uploads_owner ON uploads (owner);
    CREATE INDEX uploads_touched ON uploads (touched_at);
    CREATE TABLE upload_pieces (upload text COLLATE "C" NOT NULL, start bigint NOT NULL, size bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('part', 'object')), name text NOT NULL, PRIMARY KEY (upload, start));
    CREATE TABLE blob_objects (digest text COLLATE "C" PRIMARY KEY, object text COLLATE "C" NOT NULL UNIQUE, size bigint NOT NULL, placed_at bigint NOT NULL);
    CREATE TABLE condemned_objects (name text COLLATE "C" PRIMARY KEY, multipart text, condemned_at bigint NOT NULL);
    CREATE INDEX condemned_objects_age ON condemned_objects (condemned_at);
  `,
  "owners of tokens": "ALTER TABLE secrets ADD COLUMN person text",
  // What limits count, kept by the database itself so that nothing that adds or takes away can forget it (limit-sums.ts).
  "sums of limits": [
    `CREATE TABLE limit_sums (name text COLLATE "C" PRIMARY KEY, pattern text NOT NULL, bytes bigint NOT NULL, largest bigint NOT NULL, tags bigint NOT NULL,
      asked_at bigint NOT NULL) WITH (fillfactor = 50)`,
    ...sumTriggers(SCHEMA),
  ],
};

/**
 * Brings the tables to this version's form; processes that start at the same time wait for each other.
 * @returns what tells this registry from all others
 * @throws SERVER_DATABASE_UNUSABLE when a newer version has written the tables
 */
export async function migrate(database: PostgresDatabase): Promise<string> {
  return database.write({}, async (transaction) => {
    await transaction.all(`SELECT pg_advisory_xact_lock(${lockKey("schema")})`);
    const { version } = (await transaction.get<{ version: number }>("SELECT current_setting('server_version_num')::int AS version"))!;
    if (version < 130_000) throw fault("SERVER_DATABASE_UNUSABLE", { place: database.place, problem: "it is older than PostgreSQL 13", hint: "use PostgreSQL 13 or newer" });
    const { exists } = (await transaction.get<{ exists: boolean }>("SELECT to_regnamespace($1) IS NOT NULL AS exists", SCHEMA))!;
    if (!exists) await transaction.run(`CREATE SCHEMA ${SCHEMA}`);
    await transaction.run(`CREATE TABLE IF NOT EXISTS ${SCHEMA}.schema_migrations (name text COLLATE "C" PRIMARY KEY, applied_at bigint NOT NULL)`);
    const done = new Set((await transaction.all<{ name: string }>("SELECT name FROM schema_migrations")).map(({ name }) => name));
    if ([...done].some((name) => !Object.hasOwn(migrations, name))) {
      throw fault("SERVER_DATABASE_UNUSABLE", { place: database.place, problem: "a newer version of Sampan has written its tables", hint: "use the newer sampan, or another database" });
    }
    for (const [name, statements] of Object.entries(migrations)) {
      if (done.has(name)) continue;
      for (const text of typeof statements === "string" ? statements.split(/;\s*$/m).filter((part) => part.trim() !== "") : statements) await transaction.run(text);
      await transaction.run(`INSERT INTO schema_migrations (name, applied_at) VALUES ($1, ${CLOCK})`, name);
    }
    await transaction.run("INSERT INTO settings (name, value) VALUES ('registry', $1) ON CONFLICT DO NOTHING", randomUUID());
    return (await transaction.get<{ value: string }>("SELECT value FROM settings WHERE name = 'registry'"))!.value;
  });
}
