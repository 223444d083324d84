import type { Pulled } from "../pull-counts.ts";
import type { SqliteContext } from "./context.ts";

/** Adds counted pulls up. */
export function writePulls({ database }: SqliteContext, pulls: readonly Pulled[]): Promise<void> {
  const now = Date.now();
  return database.writeLazily(() => {
    for (const { repository, digest, tags, count } of pulls) {
      const id = database.get<{ id: number }>("SELECT id FROM repositories WHERE name = ?", repository)?.id;
      if (id === undefined) continue;
      database.run("UPDATE manifests SET pulls = pulls + ?, pulled_at = ? WHERE repository_id = ? AND digest = ?", count, now, id, digest);
      for (const tag of tags) database.run("UPDATE tags SET pulled_at = ? WHERE repository_id = ? AND name = ?", now, id, tag);
    }
  });
}
