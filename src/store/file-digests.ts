import type { FileDigestCache, FileKey } from "../context/file-digests.ts";
import type { Digest } from "../oci/digest.ts";
import { SAME_USE } from "./cache-records.ts";
import type { Database } from "./database.ts";

/** Files of one scope whose digests are kept; the ones learned last win. */
const LIMIT = 200_000;

/**
 * Digests of files' data, so that an unchanged file is not read again. They are kept by scope, which is what the files
 * belong to: a context or a snapshot, by its folder. All of a scope are one row, since they are needed all together.
 * A file has one entry, which that of its newest state replaces. What was learned is written with {@link flush}, which
 * closing the store does.
 */
export class FileDigests implements FileDigestCache {
  readonly #database: Database;
  readonly #learned = new Map<string, Map<FileKey, Digest>>();
  readonly #loaded = new Set<string>();
  /** The scope that was loaded last, since most steps read the same context. Others are read again: a worker gets a copy of all that it has. */
  #last: { readonly scope: string; readonly known: Map<FileKey, Digest> } | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The digest of the data of a file in that state, if it was learned. */
  get(key: FileKey, scope = ""): Digest | undefined {
    return this.load(scope).get(key);
  }

  put(key: FileKey, digest: Digest, scope = ""): void {
    let learned = this.#learned.get(scope);
    if (learned === undefined) this.#learned.set(scope, learned = new Map());
    learned.set(key, digest);
    if (this.#last?.scope === scope) this.#last.known.set(key, digest);
  }

  /** All digests of a scope; a worker gets them at once because it cannot ask one by one. Not to be written to. */
  load(scope: string): ReadonlyMap<FileKey, Digest> {
    this.#loaded.add(scope);
    if (this.#last?.scope !== scope) this.#last = { scope, known: this.#read(scope) };
    return this.#last.known;
  }

  #read(scope: string): Map<FileKey, Digest> {
    const entries = this.#database.get<{ entries: string }>("SELECT entries FROM file_digest_scope WHERE scope = ?", scope)?.entries;
    const known = new Map(entries === undefined ? [] : entries.split("\n").map(parseEntry));
    for (const [key, digest] of this.#learned.get(scope) ?? []) known.set(key, digest);
    return known;
  }

  /** Writes what was learned, and which scopes were used. */
  flush(): void {
    const used = this.#loaded.size > 0 && [...this.#loaded].some((scope) => this.#database.get(STALE, scope, Date.now() - SAME_USE) !== undefined);
    this.#last = undefined;
    if (this.#learned.size === 0 && !used) return;
    this.#database.transaction(() => {
      for (const scope of this.#loaded) this.#database.run("UPDATE file_digest_scope SET used_at = ? WHERE scope = ? AND used_at < ?", Date.now(), scope, Date.now() - SAME_USE);
      for (const scope of this.#learned.keys()) {
        // A later entry of the same file replaces the earlier one and goes to the end.
        const byFile = new Map<string, string>();
        for (const [key, digest] of this.#read(scope)) {
          const file = fileOf(key);
          byFile.delete(file);
          byFile.set(file, `${key} ${digest}`);
        }
        const entries = [...byFile.values()].slice(-LIMIT).join("\n");
        this.#database.run("INSERT OR REPLACE INTO file_digest_scope (scope, entries, used_at) VALUES (?, ?, ?)", scope, entries, Date.now());
      }
    });
    this.#learned.clear();
    this.#loaded.clear();
  }
}

const STALE = "SELECT 1 FROM file_digest_scope WHERE scope = ? AND used_at < ?";

function parseEntry(line: string): [FileKey, Digest] {
  const end = line.indexOf(" ");
  return [line.slice(0, end), line.slice(end + 1) as Digest];
}

/** The `device:inode` of a key. */
function fileOf(key: FileKey): string {
  return key.slice(0, key.indexOf(":", key.indexOf(":") + 1));
}
