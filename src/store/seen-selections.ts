import type { SeenSources } from "../files/digest-sources.ts";
import { SAME_USE } from "./cache-records.ts";
import type { Database } from "./database.ts";

/**
 * What was found of all that a COPY selects of a context, by the selection: while the state of all of it is the same, its
 * content is. They lie among the digests of files, as scopes of their own. What was learned is written with {@link flush}.
 */
export class SeenSelections {
  readonly #database: Database;
  readonly #learned = new Map<string, SeenSources>();
  readonly #used = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** @param scope whose digests of files are used by this as well, though not one of them is looked at */
  get(selection: string, scope: string): SeenSources | undefined {
    const learned = this.#learned.get(selection);
    if (learned) return learned;
    const text = this.#database.get<{ entries: string }>("SELECT entries FROM file_digest_scope WHERE scope = ?", nameOf(selection))?.entries;
    if (text === undefined) return undefined;
    this.#used.add(nameOf(selection)).add(scope);
    return JSON.parse(text) as SeenSources;
  }

  put(selection: string, seen: SeenSources): void {
    this.#learned.set(selection, seen);
  }

  flush(): void {
    const before = Date.now() - SAME_USE;
    const stale = [...this.#used].filter((scope) => this.#database.get("SELECT 1 FROM file_digest_scope WHERE scope = ? AND used_at < ?", scope, before) !== undefined);
    if (this.#learned.size === 0 && stale.length === 0) return;
    this.#database.transaction(() => {
      for (const scope of stale) this.#database.run("UPDATE file_digest_scope SET used_at = ? WHERE scope = ?", Date.now(), scope);
      for (const [selection, seen] of this.#learned) {
        this.#database.run("INSERT OR REPLACE INTO file_digest_scope (scope, entries, used_at) VALUES (?, ?, ?)", nameOf(selection), JSON.stringify(seen), Date.now());
      }
    });
    this.#learned.clear();
    this.#used.clear();
  }
}

/** Folders, which other scopes are called by, begin with a slash. */
function nameOf(selection: string): string {
  return `seen ${selection}`;
}
