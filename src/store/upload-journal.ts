import type { Digest } from "../oci/digest.ts";
import type { Place } from "./blob-places.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";

/** Milliseconds: registries drop uploads that nobody goes on with, and an address that grants access must not lie about. */
const EXPIRY = 24 * 60 * 60 * 1000;

/**
 * The addresses of uploads that this store's pushes have open, so that after a killed process the next push goes on where
 * that one was. They lie in the database, which only its owner may read, and go after a day.
 */
export class UploadJournal {
  readonly #database: Database;
  readonly #lease: Lease;

  constructor(database: Database, lease: Lease) {
    this.#database = database;
    this.#lease = lease;
  }

  /** Notes where a blob is being sent to. */
  note({ host, repository }: Place, digest: Digest, location: string): void {
    const now = Date.now();
    this.#database.transaction(() => {
      this.#database.run("DELETE FROM upload WHERE created_at < ?", now - EXPIRY);
      this.#database.run(
        `INSERT INTO upload (host, repository, digest, location, owner, created_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (host, repository, digest) DO UPDATE SET location = excluded.location, owner = excluded.owner, created_at = excluded.created_at`,
        host, repository, digest, location, this.#lease.id, now,
      );
    });
  }

  /** Hands out, once, the address of an upload that was begun by this process or by one that has ended. */
  take(place: Place, digest: Digest): string | undefined {
    if (this.#find(place, digest) === undefined) return undefined;
    return this.#database.transaction(() => {
      const row = this.#find(place, digest);
      if (row === undefined || this.#isSending(row.owner)) return undefined;
      this.drop(place, digest);
      return row.created_at < Date.now() - EXPIRY ? undefined : row.location;
    });
  }

  /** The upload came to its end. */
  drop({ host, repository }: Place, digest: Digest): void {
    this.#database.run("DELETE FROM upload WHERE host = ? AND repository = ? AND digest = ?", host, repository, digest);
  }

  #find({ host, repository }: Place, digest: Digest): { location: string; owner: number; created_at: number } | undefined {
    return this.#database.get("SELECT location, owner, created_at FROM upload WHERE host = ? AND repository = ? AND digest = ?", host, repository, digest);
  }

  /** Whether another process is at it; leases of dead ones are gone since the store was opened. */
  #isSending(owner: number): boolean {
    return owner !== this.#lease.id && this.#database.get("SELECT 1 FROM lease WHERE id = ?", owner) !== undefined;
  }
}
