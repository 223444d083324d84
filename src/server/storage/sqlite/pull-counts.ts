import type { Digest } from "../../../oci/digest.ts";
import type { SqliteContext } from "./context.ts";

/** How long pulls are counted in memory before they are written, in milliseconds. */
const INTERVAL = 5000;
/** Written earlier when so many different ones came together. */
const MOST = 5000;

interface Pulled {
  readonly repository: string;
  readonly digest: Digest;
  readonly tags: Set<string>;
  count: number;
}

/** Counts pulls in memory and adds them up in the database from time to time. */
export function createPullCounts({ database }: SqliteContext, report: (problem: Error) => void): AsyncDisposable & {
  note(repository: string, pulled: { readonly digest: Digest; readonly tag?: string | undefined }): void;
} {
  let pulls = new Map<string, Pulled>();
  let timer: NodeJS.Timeout | undefined;

  const write = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const counted = pulls;
    pulls = new Map();
    if (counted.size === 0) return;
    const now = Date.now();
    await database.writeLazily(() => {
      for (const { repository, digest, tags, count } of counted.values()) {
        const id = database.get<{ id: number }>("SELECT id FROM repositories WHERE name = ?", repository)?.id;
        if (id === undefined) continue;
        database.run("UPDATE manifests SET pulls = pulls + ?, pulled_at = ? WHERE repository_id = ? AND digest = ?", count, now, id, digest);
        for (const tag of tags) database.run("UPDATE tags SET pulled_at = ? WHERE repository_id = ? AND name = ?", now, id, tag);
      }
    });
  };
  const writeSoon = (): void => void write().catch(report);

  return {
    note(repository, { digest, tag }) {
      const key = `${repository}@${digest}`;
      let pulled = pulls.get(key);
      if (!pulled) pulls.set(key, (pulled = { repository, digest, tags: new Set(), count: 0 }));
      pulled.count += 1;
      if (tag !== undefined) pulled.tags.add(tag);
      if (pulls.size > MOST) writeSoon();
      else timer ??= setTimeout(writeSoon, INTERVAL).unref();
    },
    [Symbol.asyncDispose]: write,
  };
}
