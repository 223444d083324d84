import { timingSafeEqual } from "node:crypto";
import type { Actor } from "../storage/records.ts";
import type { SecretRecord, Secrets } from "../storage/secrets.ts";
import type { Identity } from "./identity.ts";
import { hashSecret, isSecret } from "./secret.ts";

/** Logins of robots, and of users with a personal token in the place of their password. */
export interface SecretLogins {
  /** Whose secret it is; undefined when it is nobody's, another's, or not good any more. */
  check(user: string, password: string): Promise<Identity | undefined>;
  /** The same for a secret that was good before: undefined when it has been removed, disabled or has expired since. */
  current(id: number): Promise<Identity | undefined>;
  /**
   * Puts personal tokens out of use whose user is not there any more, so that a later user of the same name does not get them.
   * @throws RegistryError UNAVAILABLE when a directory does not answer
   */
  endOrphans(): Promise<void>;
}

/** How a robot is called where it logs in. */
export const ROBOT = "robot$";

/** What the log of changes calls who ends them. */
const ENDER: Actor = { user: "sampan:access", address: undefined, agent: undefined };

/** @param groupsOf the groups of a user; undefined for one who is not a user any more */
export function createSecretLogins(secrets: Secrets, groupsOf: (user: string) => Promise<readonly string[] | undefined>): SecretLogins {
  const identityOf = async (record: SecretRecord | undefined): Promise<Identity | undefined> => {
    if (!record || record.disabled || (record.expiresAt !== undefined && record.expiresAt <= Date.now())) return undefined;
    const secret = { id: record.id, scope: record.scope };
    const groups = record.kind === "robot" ? [] : await groupsOf(record.owner);
    if (groups === undefined) {
      await secrets.disableSecret(record, true, ENDER);
      return undefined;
    }
    secrets.noteSecretUse(record.id);
    return record.kind === "robot" ? { kind: "robot", name: record.name, groups, secret } : { kind: "user", name: record.owner, groups, secret };
  };
  return {
    async check(user, password) {
      if (!isSecret(password)) return undefined;
      const hash = hashSecret(password);
      const record = await secrets.secretOf(hash);
      if (!record || !timingSafeEqual(Buffer.from(record.hash), Buffer.from(hash))) return undefined;
      return user === (record.kind === "robot" ? `${ROBOT}${record.name}` : record.owner) ? identityOf(record) : undefined;
    },
    current: async (id) => identityOf(await secrets.secretById(id)),
    async endOrphans() {
      const tokens = (await secrets.secrets("token")).filter(({ disabled }) => !disabled);
      for (const owner of new Set(tokens.map(({ owner }) => owner))) {
        if ((await groupsOf(owner)) !== undefined) continue;
        for (const token of tokens) if (token.owner === owner) await secrets.disableSecret(token, true, ENDER);
      }
    },
  };
}
