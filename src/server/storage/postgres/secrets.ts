import { secretRecord, type SecretRow } from "../rows.ts";
import { secretEvent, type SecretName, type SecretRecord, type Secrets, type SecretVerb } from "../secrets.ts";
import type { Actor } from "../records.ts";
import { COST_OF_NAME, type PostgresContext } from "./context.ts";
import type { PostgresValue } from "./postgres-database.ts";
import { SECRETS } from "./transaction.ts";

/** How often a use is written, in milliseconds. */
const USE_WRITTEN = 60_000;
const REMEMBERED = 4096;

/** The part of the driver that keeps secrets of robots and personal tokens. Hashes that nobody has are not remembered, so that guesses displace nothing. */
export function secretPart({ database, cache }: PostgresContext, report: (problem: Error) => void): Secrets & AsyncDisposable {
  const writtenUse = new Map<number, number>();
  const writing = new Set<Promise<unknown>>();

  const find = async (column: "hash" | "id", value: PostgresValue): Promise<SecretRecord | undefined> =>
    (await cache.of(SECRETS)).read(`${column} ${String(value)}`, async () => {
      const row = await database.get<SecretRow>(`SELECT * FROM secrets WHERE ${column} = $1`, value);
      return row && secretRecord(row);
    }, () => 2 * COST_OF_NAME);

  const change = ({ kind, owner, name }: SecretName, verb: SecretVerb, actor: Actor, sql: string): Promise<boolean> =>
    database.write({}, async (transaction) => {
      if ((await transaction.run(`${sql} WHERE kind = $1 AND owner = $2 AND name = $3`, kind, owner, name)) === 0) return false;
      transaction.log(secretEvent({ kind, owner, name }, verb, actor));
      return true;
    });

  return {
    createSecret: (secret, actor) =>
      database.write({}, async (transaction) => {
        const { kind, owner, name, hash, scope, expiresAt, person } = secret;
        const row = await transaction.get<SecretRow>(
          "INSERT INTO secrets (kind, owner, name, hash, scope, created_at, expires_at, person) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING *",
          kind, owner, name, hash, scope ? JSON.stringify(scope) : null, transaction.now, expiresAt ?? null, person ?? null,
        );
        if (!row) return undefined;
        transaction.log(secretEvent(secret, "create", actor));
        return secretRecord(row);
      }),

    secretOf: (hash) => find("hash", hash),
    secretById: (id) => find("id", id),

    secrets: async (kind, owner) =>
      (await database.all<SecretRow>("SELECT * FROM secrets WHERE kind = $1 AND ($2::text IS NULL OR owner = $2) ORDER BY owner, name", kind, owner ?? null)).map(secretRecord),

    disableSecret: (name, disabled, actor) => change(name, disabled ? "disable" : "enable", actor, `UPDATE secrets SET ${disabled ? "disabled = 1" : "disabled = 0, person = NULL"}`),
    deleteSecret: (name, actor) => change(name, "delete", actor, "DELETE FROM secrets"),

    bindSecret: (id, person) =>
      database.write({}, async (transaction) => {
        if ((await transaction.run("UPDATE secrets SET person = $1 WHERE id = $2 AND person IS NULL", person, id)) > 0) transaction.changed(SECRETS);
      }),

    noteSecretUse(id) {
      const now = database.clock.now();
      if (now - (writtenUse.get(id) ?? 0) < USE_WRITTEN) return;
      if (writtenUse.size >= REMEMBERED) writtenUse.clear();
      writtenUse.set(id, now);
      const written: Promise<unknown> = database.write({ lazily: true }, (transaction) => transaction.run("UPDATE secrets SET used_at = greatest(used_at, $1) WHERE id = $2", now, id)).catch(report).finally(() => writing.delete(written));
      writing.add(written);
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(writing);
    },
  };
}
