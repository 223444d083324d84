import { secretRecord, type SecretRow } from "../rows.ts";
import { secretEvent, type SecretName, type SecretRecord, type Secrets, type SecretVerb } from "../secrets.ts";
import type { Actor } from "../records.ts";
import { logEvent, type SqliteContext } from "./context.ts";

/** How often a use is written, in milliseconds. */
const USE_WRITTEN = 60_000;
/** Records in memory. Hashes that nobody has are not among them, so that guesses displace nothing. */
const REMEMBERED = 4096;

/** The part of the driver that keeps secrets of robots and personal tokens. */
export function secretPart(context: SqliteContext, report: (problem: Error) => void): Secrets & AsyncDisposable {
  const { database } = context;
  const byHash = new Map<string, SecretRecord>();
  const byId = new Map<number, SecretRecord>();
  const writtenUse = new Map<number, number>();
  const writing = new Set<Promise<void>>();
  const forget = (): void => {
    byHash.clear();
    byId.clear();
  };
  database.watch(forget);

  const remember = (row: SecretRow | undefined): SecretRecord | undefined => {
    if (!row) return undefined;
    if (byId.size >= REMEMBERED) forget();
    const record = secretRecord(row);
    byHash.set(record.hash, record);
    byId.set(record.id, record);
    return record;
  };

  const change = (name: SecretName, verb: SecretVerb, actor: Actor, sql: string): Promise<boolean> =>
    database.write(() => {
      forget();
      if (database.run(`${sql} WHERE kind = ? AND owner = ? AND name = ?`, name.kind, name.owner, name.name).changes === 0) return false;
      logEvent(context, secretEvent({ kind: name.kind, owner: name.owner, name: name.name }, verb, actor));
      return true;
    });

  return {
    createSecret: (secret, actor) =>
      database.write(() => {
        const { kind, owner, name, hash, scope, expiresAt, person } = secret;
        const { changes, lastId } = database.run(
          "INSERT OR IGNORE INTO secrets (kind, owner, name, hash, scope, created_at, expires_at, person) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          kind, owner, name, hash, scope ? JSON.stringify(scope) : null, Date.now(), expiresAt ?? null, person ?? null,
        );
        if (changes === 0) return undefined;
        logEvent(context, secretEvent(secret, "create", actor));
        return secretRecord(database.get<SecretRow>("SELECT * FROM secrets WHERE id = ?", lastId)!);
      }),

    async secretOf(hash) {
      database.checkVersion();
      return byHash.get(hash) ?? remember(database.get<SecretRow>("SELECT * FROM secrets WHERE hash = ?", hash));
    },

    async secretById(id) {
      database.checkVersion();
      return byId.get(id) ?? remember(database.get<SecretRow>("SELECT * FROM secrets WHERE id = ?", id));
    },

    secrets: async (kind, owner) =>
      database.all<SecretRow>("SELECT * FROM secrets WHERE kind = ?1 AND (?2 IS NULL OR owner = ?2) ORDER BY owner, name", kind, owner ?? null).map(secretRecord),

    disableSecret: (name, disabled, actor) => change(name, disabled ? "disable" : "enable", actor, `UPDATE secrets SET ${disabled ? "disabled = 1" : "disabled = 0, person = NULL"}`),
    deleteSecret: (name, actor) => change(name, "delete", actor, "DELETE FROM secrets"),

    bindSecret: (id, person) =>
      database.write(() => {
        forget();
        database.run("UPDATE secrets SET person = ? WHERE id = ? AND person IS NULL", person, id);
      }),

    noteSecretUse(id) {
      const now = Date.now();
      if (now - (writtenUse.get(id) ?? 0) < USE_WRITTEN) return;
      if (writtenUse.size >= REMEMBERED) writtenUse.clear();
      writtenUse.set(id, now);
      const written = database.writeLazily(() => void database.run("UPDATE secrets SET used_at = ? WHERE id = ?", now, id)).catch(report).finally(() => writing.delete(written));
      writing.add(written);
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(writing);
    },
  };
}
