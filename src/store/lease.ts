import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "./database.ts";
import { ownIdentity } from "./process-identity.ts";
import { guarded } from "./storage-fault.ts";

/** `claim` is no object but a piece of work that only this process does: see claims.ts. */
export type LeaseKind = "blob" | "snapshot" | "image" | "claim";

/** Notes when an object was used last, for those who remove the least recently used. Snapshots go with their cache records. */
const TOUCH: Readonly<Partial<Record<LeaseKind, string>>> = {
  blob: "UPDATE blob SET used_at = ? WHERE digest = ?",
  image: "UPDATE image SET used_at = ? WHERE id = ?",
};

/**
 * What this process uses of the store, so that no other process collects it: whatever it has written, and whatever
 * it has looked up and found. The lease begins with the first of these and ends when the store is closed; that of a
 * process that died ends when the next process opens the store (recover.ts).
 */
export class Lease {
  /**
   * The time that counts as the use of all that this process uses, in milliseconds since the epoch: what one build
   * needs is then equally old, and none of it goes while the rest stays.
   */
  readonly usedAt = Date.now();
  readonly #database: Database;
  readonly #root: string;
  readonly #held = new Set<string>();
  /** Held because it was expected, and not used yet. */
  readonly #expected = new Set<string>();
  /** Of these what was used since. */
  readonly #used: { readonly touch: string; readonly object: string }[] = [];
  #rollbacks = 0;
  #id: number | undefined;
  #folder: string | undefined;
  #files = 0;

  /** @param root folder that holds the leases' folders for unfinished files. */
  constructor(database: Database, root: string) {
    this.#database = database;
    this.#root = root;
  }

  /** The lease's number, taken when first asked for. */
  get id(): number {
    this.#forgetRolledBack();
    if (this.#id === undefined) {
      const { pid, started, boot, namespace } = ownIdentity();
      this.#id = this.#database.run(
        "INSERT INTO lease (pid, started, boot, namespace, created_at) VALUES (?, ?, ?, ?, ?)",
        pid, started, boot, namespace, Date.now(),
      ).lastId;
    }
    return this.#id;
  }

  /** Whether nothing was used yet. */
  get unused(): boolean {
    return this.#id === undefined;
  }

  /** Whether {@link folder} was ever asked for. */
  get hasFolder(): boolean {
    return this.#folder !== undefined;
  }

  /** A folder for unfinished files, on the store's file system; the next process removes what is left in it. */
  get folder(): string {
    if (this.#folder === undefined) {
      const folder = join(this.#root, String(this.id));
      guarded(this.#root, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
      this.#folder = folder;
    }
    return this.#folder;
  }

  /** A path in {@link folder} that no one else uses. */
  temporaryPath(name: string): string {
    this.#files += 1;
    return join(this.folder, `${name}-${this.#files}`);
  }

  /**
   * Keeps an object from collection: a blob by its digest, an image by its id, a snapshot by its row's number.
   * To be called in the transaction that found or made it.
   */
  hold(kind: LeaseKind, object: string): void {
    this.#forgetRolledBack();
    if (this.#isHeld(kind, object)) return;
    this.#database.run("INSERT OR IGNORE INTO lease_item (lease, kind, object) VALUES (?, ?, ?)", this.id, kind, object);
    const touch = TOUCH[kind];
    if (touch !== undefined) this.#database.run(touch, this.usedAt, object);
    this.#held.add(`${kind} ${object}`);
  }

  /**
   * Looks an object up and holds it in one step, so that it cannot be collected between the two.
   * @param read the query; it runs a second time, under the write lock, for what is not held yet.
   * @param seen what it gave just now, if it ran already
   */
  lookup<Row>(kind: LeaseKind, read: () => Row | undefined, objectOf: (row: Row) => string, seen = read()): Row | undefined {
    this.#forgetRolledBack();
    if (seen === undefined || this.#isHeld(kind, objectOf(seen))) return seen;
    return this.#database.transaction(() => {
      const row = read();
      if (row !== undefined) this.hold(kind, objectOf(row));
      return row;
    });
  }

  /**
   * Holds together what will probably be looked up, each of which takes a transaction of its own otherwise. It counts as used
   * when it is looked up. To be called in the transaction that found it.
   */
  expect(kind: LeaseKind, objects: readonly string[]): void {
    this.#forgetRolledBack();
    const more = [...new Set(objects)].filter((object) => !this.#held.has(`${kind} ${object}`));
    this.#database.run("INSERT OR IGNORE INTO lease_item (lease, kind, object) SELECT ?, ?, value FROM json_each(?)", this.id, kind, JSON.stringify(more));
    for (const key of more.map((object) => `${kind} ${object}`)) {
      this.#held.add(key);
      this.#expected.add(key);
    }
  }

  /** Lets go of an object; what other processes hold stays held. To be called in a transaction. */
  drop(kind: LeaseKind, object: string): void {
    const key = `${kind} ${object}`;
    this.#held.delete(key);
    this.#expected.delete(key);
    if (this.unused) return;
    this.#database.run("DELETE FROM lease_item WHERE lease = ? AND kind = ? AND object = ?", this.id, kind, object);
  }

  /** Ends the lease; its folder is the caller's to remove. */
  release(): void {
    const id = this.#id;
    if (id === undefined) return;
    this.#database.transaction(() => {
      for (const { touch, object } of this.#used) this.#database.run(touch, this.usedAt, object);
      this.#database.run("DELETE FROM lease_item WHERE lease = ?", id);
      this.#database.run("DELETE FROM cache_mount_use WHERE lease = ?", id);
      this.#database.run("DELETE FROM lease WHERE id = ?", id);
    });
    this.#id = undefined;
    this.#held.clear();
    this.#expected.clear();
    this.#used.length = 0;
  }

  /** What was held for its use is noted as used. */
  #isHeld(kind: LeaseKind, object: string): boolean {
    const key = `${kind} ${object}`;
    if (!this.#held.has(key)) return false;
    const touch = TOUCH[kind];
    if (this.#expected.delete(key) && touch !== undefined) this.#used.push({ touch, object });
    return true;
  }

  /** A transaction that was undone may have undone the lease or what it held. */
  #forgetRolledBack(): void {
    if (this.#rollbacks === this.#database.rollbacks) return;
    this.#rollbacks = this.#database.rollbacks;
    this.#held.clear();
    this.#expected.clear();
    if (this.#id === undefined || this.#database.get("SELECT 1 FROM lease WHERE id = ?", this.#id) !== undefined) return;
    this.#id = undefined;
    this.#folder = undefined;
  }
}
