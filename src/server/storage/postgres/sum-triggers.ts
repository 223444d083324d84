/**
 * Statements that have the database keep `limit_sums` with every statement that adds or removes links to blobs, or tags. Each sum that is concerned is locked first, in the order
 * of names, until the transaction ends, and looked at in a statement of its own: that sees what those have committed who had the lock before. So a blob that two
 * repositories get at the same time counts once. A sum is made under a lock of the whole table that shuts this out (`LOCK TABLE`), so it misses nothing either.
 */
export function sumTriggers(schema: string): readonly string[] {
  const covered = `${schema}.repositories r WHERE r.name ~ limited.pattern`;
  const held = `SELECT 1 FROM ${schema}.repository_blobs l, ${covered} AND r.id = l.repository_id AND l.digest = b.digest`;
  const blobs = `FROM ${schema}.blobs b WHERE b.digest IN (SELECT c.digest FROM changed c, ${covered} AND r.id = c.repository_id)`;
  const tags = `(SELECT count(*) FROM changed c, ${covered} AND r.id = c.repository_id)`;
  const added = `SELECT coalesce(sum(b.size), 0) AS bytes, coalesce(max(b.size), 0) AS largest ${blobs}
        AND NOT EXISTS (${held} AND NOT EXISTS (SELECT 1 FROM changed c WHERE c.repository_id = l.repository_id AND c.digest = l.digest))`;
  const trigger = (name: string, table: string, event: "INSERT" | "DELETE", change: string): readonly string[] => [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE limited record;
BEGIN
  LOCK TABLE ${schema}.limit_sums IN ROW SHARE MODE;
  FOR limited IN SELECT s.name, s.pattern FROM ${schema}.limit_sums s
    WHERE EXISTS (SELECT 1 FROM changed c JOIN ${schema}.repositories r ON r.id = c.repository_id WHERE r.name ~ s.pattern) ORDER BY s.name FOR UPDATE
  LOOP
    ${change};
  END LOOP;
  RETURN NULL;
END $$`,
    `CREATE TRIGGER ${name} AFTER ${event} ON ${table} REFERENCING ${event === "INSERT" ? "NEW" : "OLD"} TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`,
  ];
  const sums = `UPDATE ${schema}.limit_sums s SET`;
  return [
    ...trigger("count_added_links", "repository_blobs", "INSERT", `${sums} bytes = s.bytes + added.bytes, largest = greatest(s.largest, added.largest)
      FROM (${added}) AS added WHERE s.name = limited.name AND added.bytes > 0`),
    ...trigger("count_removed_links", "repository_blobs", "DELETE", `${sums} bytes = s.bytes - (SELECT coalesce(sum(b.size), 0) ${blobs} AND NOT EXISTS (${held})) WHERE s.name = limited.name`),
    ...trigger("count_added_tags", "tags", "INSERT", `${sums} tags = s.tags + ${tags} WHERE s.name = limited.name`),
    ...trigger("count_removed_tags", "tags", "DELETE", `${sums} tags = s.tags - ${tags} WHERE s.name = limited.name`),
  ];
}
