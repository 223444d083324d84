import type { Digest } from "../../../oci/digest.ts";
import type { Actor } from "../records.ts";
import { eventRow, type NewEvent } from "../rows.ts";
import type { LimitTotals } from "./limit-totals.ts";
import { COST_OF_NAME, type CachedRepository, type ReadCache } from "./read-cache.ts";
import type { RegistryDatabase } from "./registry-database.ts";

/** What the parts of the SQLite driver share. */
export interface SqliteContext {
  readonly database: RegistryDatabase;
  readonly cache: ReadCache;
  readonly totals: LimitTotals;
  /** How long the collector must leave a blob alone that a client relies on, in milliseconds. */
  readonly lease: number;
}

/** A little more than the time that is promised, so that not every request has to renew a lease. */
export function leaseEnd({ lease }: SqliteContext): number {
  return Date.now() + lease + Math.ceil(lease / 10);
}

/** Values of `blobs.state`. */
export const LIVE = 1;
export const DELETING = 2;

/** From memory where it is there. Call `checkVersion` first, unless a transaction runs. */
export function findRepository({ database, cache }: SqliteContext, name: string): CachedRepository | undefined {
  const known = cache.repositories.get(name);
  if (known) return known;
  const row = database.get<{ id: number }>("SELECT id FROM repositories WHERE name = ?", name);
  if (!row) return undefined;
  const repository = { id: row.id, generation: cache.newGeneration() };
  cache.repositories.set(name, repository, COST_OF_NAME);
  return repository;
}

/** The id of a repository inside of a transaction, which memory may know of too early. */
export function repositoryId({ database }: SqliteContext, name: string): number | undefined {
  return database.get<{ id: number }>("SELECT id FROM repositories WHERE name = ?", name)?.id;
}

/** Inside of a transaction. */
export function findOrCreateRepository(context: SqliteContext, name: string, actor: Actor): number {
  const { database, cache } = context;
  const known = repositoryId(context, name);
  if (known !== undefined) return known;
  const { lastId } = database.run("INSERT INTO repositories (name, created_at) VALUES (?, ?)", name, Date.now());
  cache.catalog = cache.newGeneration();
  logEvent(context, { action: "repository.create", repository: name, actor });
  return lastId;
}

/** Tags that lead to a manifest or blob: name it, or an image or index that names it. */
export function tagsAbove({ database }: SqliteContext, id: number, digest: Digest): readonly string[] {
  return database
    .all<{ name: string }>(
      `WITH RECURSIVE above (digest) AS (
        SELECT ?2 UNION SELECT r.manifest FROM above JOIN manifest_references r ON r.repository_id = ?1 AND r.digest = above.digest
      ) SELECT name FROM tags WHERE repository_id = ?1 AND digest IN (SELECT digest FROM above) ORDER BY name`,
      id, digest,
    )
    .map(({ name }) => name);
}

/** Forgets the lists of a repository: tags and referrers. */
export function forgetLists({ cache }: SqliteContext, name: string): void {
  const known = cache.repositories.get(name);
  if (known) known.generation = cache.newGeneration();
}

/** Writes the event of a change, inside of its transaction. */
export function logEvent({ database }: SqliteContext, event: NewEvent): void {
  const { at, action, repository, tag, digest, user, address, agent, detail } = eventRow(event, Date.now());
  database.run(
    "INSERT INTO events (at, action, repository, tag, digest, user, address, agent, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    at, action, repository, tag, digest, user, address, agent, detail,
  );
}
