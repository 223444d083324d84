import type { Digest } from "../oci/digest.ts";
import type { Database } from "./database.ts";

/** A repository of a registry. */
export interface Place {
  readonly host: string;
  readonly repository: string;
}

/** Repositories of one host that are remembered for a blob; a push asks four of them at most. */
const MOST = 8;

/** Which repositories hold which blobs, as far as pushes and pulls of this store have seen it. They may be gone by now. */
export class BlobPlaces {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Notes that the repository holds the blobs. */
  remember({ host, repository }: Place, digests: readonly Digest[]): void {
    const blobs = JSON.stringify(digests);
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO blob_place (digest, host, repository, seen_at) SELECT DISTINCT value, ?2, ?3, ?4 FROM json_each(?1) WHERE true
         ON CONFLICT (digest, host, repository) DO UPDATE SET seen_at = excluded.seen_at`,
        blobs, host, repository, Date.now(),
      );
      const full = this.#database.all<{ digest: Digest }>(
        "SELECT digest FROM blob_place WHERE digest IN (SELECT value FROM json_each(?)) AND host = ? GROUP BY digest HAVING count(*) > ?", blobs, host, MOST,
      );
      for (const { digest } of full) {
        this.#database.run(
          `DELETE FROM blob_place WHERE digest = ?1 AND host = ?2 AND repository NOT IN
           (SELECT repository FROM blob_place WHERE digest = ?1 AND host = ?2 ORDER BY seen_at DESC, repository LIMIT ?3)`,
          digest, host, MOST,
        );
      }
    });
  }

  /** Repositories of that host that hold the blob, where it was seen last first. */
  find(host: string, digest: Digest): string[] {
    return this.#database
      .all<{ repository: string }>("SELECT repository FROM blob_place WHERE digest = ? AND host = ? ORDER BY seen_at DESC, repository", digest, host)
      .map(({ repository }) => repository);
  }

  /** The repository did not give the blob. */
  forget({ host, repository }: Place, digest: Digest): void {
    this.#database.run("DELETE FROM blob_place WHERE digest = ? AND host = ? AND repository = ?", digest, host, repository);
  }
}
