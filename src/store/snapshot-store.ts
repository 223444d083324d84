import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import { removeNow } from "./remove-tree.ts";
import { guarded } from "./storage-fault.ts";

/** A finished layer folder and the snapshot that it lies upon. Nothing in it changes any more. */
export interface Snapshot {
  /** Short, because the paths of all layers have to fit into one mount's options: `1k`. */
  readonly id: string;
  readonly parent?: string | undefined;
  /** The layer's own folder, in overlayfs' form. */
  readonly folder: string;
  readonly chainId?: Digest | undefined;
  readonly diffId?: Digest | undefined;
  /** The layer is all that its folder holds, and no difference to what lies below: it was made on its own. */
  readonly linked?: boolean;
  /** Bytes of this layer's files, where known. */
  readonly size?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What is learned of a snapshot when its layer is packed, as in {@link Snapshot}. */
export interface SnapshotFacts {
  readonly diffId?: Digest | undefined;
  readonly chainId?: Digest | undefined;
  readonly size?: number | undefined;
}

/** A layer folder that is being filled. */
export interface ActiveSnapshot {
  readonly id: string;
  readonly parent?: string | undefined;
  /** The folder to fill. */
  readonly upper: string;
  /** Where overlayfs may have its folder, beside it: made by who mounts one, and removed with the commit. */
  readonly work: string;
  /** Folders of the layers below, top first. */
  readonly lowers: string[];
}

/**
 * Layer folders, each upon a parent: `snapshots/<id>/fs`. A snapshot is active until it is committed; an active one
 * belongs to the process that prepared it and goes when that process ends without having committed it.
 */
export class SnapshotStore {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #folder: string;
  readonly #remove: (path: string) => Promise<void>;

  /** @param remove deletes a folder that is out of the way; the store waits for it when it is closed. */
  constructor(database: Database, lease: Lease, folder: string, remove: (path: string) => Promise<void>) {
    this.#database = database;
    this.#lease = lease;
    this.#folder = folder;
    this.#remove = remove;
  }

  /**
   * A new empty layer upon a committed snapshot, or upon nothing. Its top folder gets mode and owner of the
   * parent's, because overlayfs shows those of the uppermost layer.
   * @throws SNAPSHOT_MISSING
   */
  prepare(parent?: string): ActiveSnapshot {
    const lowers = parent === undefined ? [] : this.lowers(parent);
    const now = Date.now();
    const number = this.#database.run(
      "INSERT INTO snapshot (parent, state, owner, created_at, used_at) VALUES (?, 0, ?, ?, ?)",
      parent === undefined ? null : toNumber(parent), this.#lease.id, now, now,
    ).lastId;
    const id = number.toString(36);
    const upper = join(this.#folder, id, "fs");
    const work = join(this.#folder, id, "work");
    // Where this fails, closing the store removes the row and what was made.
    guarded(this.#folder, () => {
      mkdirSync(join(this.#folder, id), { mode: 0o700 });
      mkdirSync(upper, { mode: 0o755 });
      copyRootAttributes(lowers[0], upper);
    });
    return { id, parent, upper, work, lowers };
  }

  /** Makes the layer final. @param options.links the snapshot whose files, hard-linked, are all that this one holds */
  commit(
    active: ActiveSnapshot,
    options: { createdAt: number; size?: number | undefined; chainId?: Digest | undefined; diffId?: Digest | undefined; links?: string },
  ): Snapshot {
    removeWork(active.work);
    return this.#database.transaction(() => {
      const { changes } = this.#database.run(
        `UPDATE snapshot SET state = 1, owner = NULL, created_at = ?, used_at = ?, size = ?, chain_id = ?, diff_id = ?, linked = ?,
           links = (SELECT coalesce(links, id) FROM snapshot WHERE id = ?)
         WHERE id = ? AND state = 0`,
        options.createdAt, Date.now(), options.size ?? null, options.chainId ?? null, options.diffId ?? null, options.links === undefined ? 0 : 1,
        options.links === undefined ? null : toNumber(options.links), toNumber(active.id),
      );
      if (changes === 0) throw fault("SNAPSHOT_MISSING", { id: active.id });
      this.#lease.hold("snapshot", String(toNumber(active.id)));
      return this.#snapshot(this.#row(toNumber(active.id))!);
    });
  }

  /**
   * Drops an active snapshot: it is out of the way at once, its files are gone when the promise resolves. It never
   * fails, since it is called where something else has failed: what cannot be removed now is when the store is closed.
   */
  async discard(active: ActiveSnapshot): Promise<void> {
    try {
      const trash = this.#lease.temporaryPath("snapshot");
      renameSync(join(this.#folder, active.id), trash);
      this.#database.run("DELETE FROM snapshot WHERE id = ? AND state = 0", toNumber(active.id));
      await this.#remove(trash);
    } catch {
      // The row is still there, or the folder is in the lease's.
    }
  }

  /** A committed snapshot; undefined where there is none. */
  get(id: string): Snapshot | undefined {
    const row = this.#lease.lookup("snapshot", () => this.#row(toNumber(id)), (found) => String(found.id));
    return row && this.#snapshot(row);
  }

  /** The snapshot and all below it, bottom first. @throws SNAPSHOT_MISSING */
  chain(id: string): Snapshot[] {
    if (this.get(id) === undefined) throw fault("SNAPSHOT_MISSING", { id });
    const rows = this.#database.all<Row>(
      `WITH RECURSIVE chain (id, depth) AS (
         SELECT ?, 0 UNION ALL SELECT snapshot.parent, depth + 1 FROM snapshot JOIN chain USING (id) WHERE snapshot.parent IS NOT NULL
       ) SELECT snapshot.* FROM chain JOIN snapshot USING (id) ORDER BY depth DESC`,
      toNumber(id),
    );
    return rows.map((row) => this.#snapshot(row));
  }

  /** The folders of the snapshot and all below it, top first. @throws SNAPSHOT_MISSING */
  lowers(id: string): string[] {
    return this.chain(id).map((snapshot) => snapshot.folder).reverse();
  }

  /** A snapshot that holds that stack of layers. */
  byChainId(chainId: Digest): Snapshot | undefined {
    const row = this.#lease.lookup(
      "snapshot",
      () => this.#database.get<Row>("SELECT * FROM snapshot WHERE chain_id = ? AND state = 1 ORDER BY id LIMIT 1", chainId),
      (found) => String(found.id),
    );
    return row && this.#snapshot(row);
  }

  /** A snapshot whose folder holds all of that layer, so that what lies below it does not matter. */
  byDiffId(diffId: Digest): Snapshot | undefined {
    const row = this.#lease.lookup(
      "snapshot",
      () => this.#database.get<Row>("SELECT * FROM snapshot WHERE diff_id = ? AND state = 1 AND (parent IS NULL OR linked = 1) ORDER BY id LIMIT 1", diffId),
      (found) => String(found.id),
    );
    return row && this.#snapshot(row);
  }

  /** Adds what was learned after the commit, when the layer was packed. */
  describe(id: string, facts: SnapshotFacts): void {
    const { diffId = null, chainId = null, size = null } = facts;
    this.#database.run(DESCRIBE, diffId, chainId, size, toNumber(id));
  }

  /** The same of several at once. */
  describeAll(snapshots: readonly (SnapshotFacts & { readonly id: string })[]): void {
    this.#database.transaction(() => snapshots.forEach(({ id, ...facts }) => this.describe(id, facts)));
  }

  #row(number: number): Row | undefined {
    return this.#database.get<Row>("SELECT * FROM snapshot WHERE id = ? AND state = 1", number);
  }

  #snapshot(row: Row): Snapshot {
    const id = row.id.toString(36);
    return {
      id,
      folder: join(this.#folder, id, "fs"),
      createdAt: row.created_at,
      ...(row.linked === 1 ? { linked: true } : {}),
      ...(row.parent === null ? {} : { parent: row.parent.toString(36) }),
      ...(row.chain_id === null ? {} : { chainId: row.chain_id }),
      ...(row.diff_id === null ? {} : { diffId: row.diff_id }),
      ...(row.size === null ? {} : { size: row.size }),
    };
  }
}

/** A row that says so already is not written again. */
const DESCRIBE = `
  UPDATE snapshot SET diff_id = coalesce(?1, diff_id), chain_id = coalesce(?2, chain_id), size = coalesce(?3, size)
  WHERE id = ?4 AND (diff_id IS NOT coalesce(?1, diff_id) OR chain_id IS NOT coalesce(?2, chain_id) OR size IS NOT coalesce(?3, size))`;

interface Row {
  readonly id: number;
  readonly parent: number | null;
  readonly chain_id: Digest | null;
  readonly diff_id: Digest | null;
  readonly size: number | null;
  readonly created_at: number;
  readonly linked: number;
}

/** The row's number of a snapshot id; -1, which no row has, for a text that is no id. */
export function toNumber(id: string): number {
  return /^[0-9a-z]{1,10}$/.test(id) ? Number.parseInt(id, 36) : -1;
}

/** It is not there where nothing was mounted. */
function removeWork(folder: string): void {
  if (existsSync(folder)) removeNow(folder);
}

/** Gives the top folder of a new layer mode and owner of the one below, since overlayfs shows those of the uppermost. */
export function copyRootAttributes(lower: string | undefined, upper: string): void {
  if (lower === undefined) return;
  const { mode, uid, gid } = statSync(lower);
  if (uid !== process.getuid!() || gid !== process.getgid!()) chownSync(upper, uid, gid);
  chmodSync(upper, mode & 0o7777);
}
