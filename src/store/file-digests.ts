import type { FileDigestCache, FileKey } from "../context/file-digests.ts";
import type { Digest } from "../oci/digest.ts";
import type { Database } from "./database.ts";

/**
 * Digests of files' data, so that an unchanged file is not read again. A file has one row, which its newest state
 * replaces. What was learned is written with {@link flush}, which closing the store does.
 */
export class FileDigests implements FileDigestCache {
  readonly #database: Database;
  readonly #learned = new Map<string, { scope: string; stamp: string; digest: Digest }>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The digest of the data of a file in that state, if it was learned. */
  get(key: FileKey): Digest | undefined {
    const [file, stamp] = splitKey(key);
    const known = this.#learned.get(file)
      ?? this.#database.get<{ stamp: string; digest: Digest }>("SELECT stamp, digest FROM file_digest WHERE file = ?", file);
    return known?.stamp === stamp ? known.digest : undefined;
  }

  /** @param scope what the file belongs to, so that {@link load} can give its digests together: the path of a context, the id of a snapshot. */
  put(key: FileKey, digest: Digest, scope = ""): void {
    const [file, stamp] = splitKey(key);
    this.#learned.set(file, { scope, stamp, digest });
  }

  /** All digests of a scope, for a worker that cannot ask one by one. */
  load(scope: string): Map<FileKey, Digest> {
    this.flush();
    const rows = this.#database.all<{ file: string; stamp: string; digest: Digest }>("SELECT file, stamp, digest FROM file_digest WHERE scope = ?", scope);
    return new Map(rows.map(({ file, stamp, digest }) => [`${file}:${stamp}`, digest]));
  }

  /** Writes what was learned in one transaction. */
  flush(): void {
    if (this.#learned.size === 0) return;
    this.#database.transaction(() => {
      for (const [file, { scope, stamp, digest }] of this.#learned) {
        this.#database.run("INSERT OR REPLACE INTO file_digest (file, stamp, digest, scope) VALUES (?, ?, ?, ?)", file, stamp, digest, scope);
      }
    });
    this.#learned.clear();
  }
}

/** `device:inode` and the rest of a key. */
function splitKey(key: FileKey): [file: string, stamp: string] {
  const end = key.indexOf(":", key.indexOf(":") + 1);
  return [key.slice(0, end), key.slice(end + 1)];
}
