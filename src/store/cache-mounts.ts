import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CacheSharing } from "../dockerfile/run-mount.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";
import { moveAway, type RemovalPlace } from "./removal.ts";

/** A folder that RUN --mount=type=cache shows. */
export interface CacheMountRecord {
  readonly number: number;
  /** Its name with the namespace before it: `/root/.cache`, `team/npm`. */
  readonly name: string;
  /** What it began with; caches of one name that began otherwise are others. Empty: with nothing. */
  readonly seed: string;
  /** The step that made it. */
  readonly description: string;
  /** The folder, or with some seeds the file, that is shown. */
  readonly path: string;
  /** Bytes, as far as they were counted. */
  readonly size: number | undefined;
  readonly createdAt: number;
  readonly usedAt: number;
  readonly inUse: boolean;
}

export interface AcquireOptions {
  readonly name: string;
  readonly seed: string;
  readonly sharing: CacheSharing;
  readonly description: string;
  /** Makes `<folder>/fs`, where the cache is new. */
  readonly fill: (folder: string) => void | Promise<void>;
  /** Called once when somebody else has it and it has to be waited for. */
  readonly onWait?: () => void;
  readonly signal: AbortSignal;
}

/** A cache that this process uses until it disposes of it. */
export interface HeldCacheMount extends Disposable {
  readonly number: number;
  readonly path: string;
  /** Whether it was made now. */
  readonly isNew: boolean;
}

/** How often somebody who waits looks again, in milliseconds. */
const POLL = 100;

type Use = CacheSharing | "filling";

/**
 * Cache folders of RUN: `cache-mounts/<number>/fs`. Who may use one at the same time is in rows that belong to leases,
 * so that a process that is killed holds nothing. As with BuildKit, `shared` lets everybody in, `locked` one after the
 * other, and `private` gives a further folder of the same name to who comes while the others are in use.
 */
export class CacheMounts {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #folder: string;

  constructor(database: Database, lease: Lease, folder: string) {
    this.#database = database;
    this.#lease = lease;
    this.#folder = folder;
  }

  /** @throws the signal's reason, and what `fill` throws */
  async acquire(options: AcquireOptions): Promise<HeldCacheMount> {
    for (let waited = false; ; waited = true) {
      options.signal.throwIfAborted();
      const taken = this.#database.transaction(() => this.#take(options));
      if (taken !== undefined) return taken.isNew ? this.#fill(taken, options) : this.#held(taken);
      if (!waited) options.onWait?.();
      await sleep(POLL, undefined, { signal: options.signal });
    }
  }

  /** All of them, the one that was used last first. */
  list(): CacheMountRecord[] {
    return this.#database.all<Row>(`SELECT id, name, seed, description, size, created_at, used_at,
      EXISTS (SELECT 1 FROM cache_mount_use WHERE mount = cache_mount.id) AS in_use FROM cache_mount WHERE state = 1 ORDER BY used_at DESC, id DESC`)
      .map((row) => ({
        number: row.id, name: row.name, seed: row.seed, description: row.description, path: this.#path(row.id),
        size: row.size ?? undefined, createdAt: row.created_at, usedAt: row.used_at, inUse: row.in_use === 1,
      }));
  }

  /** To be called in a transaction. */
  #take({ name, seed, sharing, description }: AcquireOptions): Taken | undefined {
    const found = this.#database.all<{ id: number }>("SELECT id FROM cache_mount WHERE name = ? AND seed = ? AND state < 2 ORDER BY id", name, seed);
    let someoneLocks = false;
    for (const { id } of found) {
      const uses = this.#uses(id);
      if (uses.length === 0 || (sharing === "shared" && uses.every((use) => use === "shared"))) {
        this.#database.run("UPDATE cache_mount SET used_at = ? WHERE id = ?", Date.now(), id);
        return { number: id, use: this.#use(id, sharing), isNew: false };
      }
      if (uses.some((use) => use === "locked" || use === "filling") || sharing === "locked") someoneLocks = true;
    }
    if (sharing !== "private" && someoneLocks) return undefined;
    const now = Date.now();
    const number = this.#database.run(
      "INSERT INTO cache_mount (name, seed, description, state, owner, created_at, used_at) VALUES (?, ?, ?, 0, ?, ?, ?)",
      name, seed, description, this.#lease.id, now, now,
    ).lastId;
    return { number, use: this.#use(number, "filling"), isNew: true };
  }

  /** How it is used by those who still live. */
  #uses(mount: number): Use[] {
    const rows = this.#database.all<ProcessIdentity & { use: number; lease: number; sharing: Use }>(`
      SELECT cache_mount_use.id AS use, lease, sharing, pid, started, boot, namespace FROM cache_mount_use
      LEFT JOIN lease ON lease.id = lease WHERE mount = ?`, mount);
    return rows.filter(({ use, lease, ...identity }) => {
      if (lease === this.#lease.id || (identity.pid !== null && isAlive(identity))) return true;
      this.#database.run("DELETE FROM cache_mount_use WHERE id = ?", use);
      return false;
    }).map(({ sharing }) => sharing);
  }

  #use(mount: number, sharing: Use): number {
    return this.#database.run("INSERT INTO cache_mount_use (mount, lease, sharing) VALUES (?, ?, ?)", mount, this.#lease.id, sharing).lastId;
  }

  async #fill(taken: Taken, { sharing, fill }: AcquireOptions): Promise<HeldCacheMount> {
    const { number, use } = taken;
    try {
      const folder = join(this.#folder, number.toString(36));
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      await fill(folder);
      this.#database.transaction(() => {
        this.#database.run("UPDATE cache_mount SET state = 1, owner = NULL WHERE id = ?", number);
        this.#database.run("UPDATE cache_mount_use SET sharing = ? WHERE id = ?", sharing, use);
      });
    } catch (error) {
      // Closing the store takes the folder away.
      this.#database.transaction(() => {
        this.#database.run("UPDATE cache_mount SET state = 2 WHERE id = ?", number);
        this.#database.run("DELETE FROM cache_mount_use WHERE id = ?", use);
      });
      throw error;
    }
    return this.#held(taken);
  }

  #held({ number, use, isNew }: Taken): HeldCacheMount {
    return {
      number, isNew, path: this.#path(number),
      [Symbol.dispose]: () => {
        this.#database.transaction(() => {
          this.#database.run("DELETE FROM cache_mount_use WHERE id = ?", use);
          this.#database.run("UPDATE cache_mount SET used_at = ? WHERE id = ?", Date.now(), number);
        });
      },
    };
  }

  #path(number: number): string {
    return join(this.#folder, number.toString(36), "fs");
  }
}

/** Takes over what leases that ended have begun or marked. To be called in a transaction. */
export function recoverCacheMounts({ database, lease }: Pick<RemovalPlace, "database" | "lease">, dead: number): void {
  database.run("DELETE FROM cache_mount_use WHERE lease = ?", dead);
  database.run("UPDATE cache_mount SET state = 2, owner = ? WHERE owner = ?", lease.id, dead);
}

/**
 * Folders get their rows first, so that one without a row, or a row without its folder, is what somebody else's hand or a
 * power cut left. To be called in a transaction.
 */
export function moveStrayCacheMounts({ database, lease, cacheMounts }: RemovalPlace, trash: string[]): void {
  const names = new Set(existsSync(cacheMounts) ? readdirSync(cacheMounts) : []);
  for (const { id } of database.all<{ id: number }>("SELECT id FROM cache_mount")) {
    if (!names.delete(id.toString(36))) database.run("DELETE FROM cache_mount WHERE id = ? AND state = 1", id);
  }
  for (const name of names) moveAway(join(cacheMounts, name), lease.temporaryPath("removed"), trash);
}

interface Taken { readonly number: number; readonly use: number; readonly isNew: boolean }

interface Row {
  readonly id: number;
  readonly name: string;
  readonly seed: string;
  readonly description: string;
  readonly size: number | null;
  readonly created_at: number;
  readonly used_at: number;
  readonly in_use: number;
}
