import type { Pulled } from "../pull-counts.ts";
import type { PostgresContext } from "./context.ts";

/** Adds counted pulls up, those of one repository after the other: rows are locked in one order by all. */
export async function writePulls({ database }: PostgresContext, pulls: readonly Pulled[]): Promise<void> {
  const now = database.clock.now();
  const sorted = pulls.toSorted((a, b) => (`${a.repository}@${a.digest}` < `${b.repository}@${b.digest}` ? -1 : 1));
  const tagged = sorted.flatMap(({ repository, tags }) => [...tags].map((tag) => ({ repository, tag })));
  await database.write({ lazily: true }, async (transaction) => {
    await transaction.run(
      `UPDATE manifests SET pulls = pulls + counted.count, pulled_at = greatest(pulled_at, $4)
        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS counted (name, digest, count) JOIN repositories USING (name) WHERE repository_id = repositories.id AND manifests.digest = counted.digest`,
      sorted.map(({ repository }) => repository), sorted.map(({ digest }) => digest), sorted.map(({ count }) => count), now,
    );
    if (tagged.length === 0) return;
    await transaction.run(
      `UPDATE tags SET pulled_at = greatest(pulled_at, $3)
        FROM unnest($1::text[], $2::text[]) AS counted (repository, tag) JOIN repositories ON repositories.name = repository WHERE repository_id = repositories.id AND tags.name = counted.tag`,
      tagged.map(({ repository }) => repository), tagged.map(({ tag }) => tag), now,
    );
  });
}
