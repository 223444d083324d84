import { timingSafeEqual } from "node:crypto";
import type { Actor } from "../storage/records.ts";
import type { SecretRecord, Secrets } from "../storage/secrets.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { Identity } from "./identity.ts";
import { hashSecret, isSecret } from "./secret.ts";

/** Logins of robots, and of users with a personal token in the place of their password. */
export interface SecretLogins {
  /**
   * Whose secret it is; undefined when it is nobody's, another's, or not good any more.
   * @throws RegistryError UNAUTHORIZED for a personal token whose user is not who they were, which only who has it is told
   */
  check(user: string, password: string): Promise<Identity | undefined>;
  /** The same for a secret that was good before: undefined when it has been removed, disabled or has expired since. */
  current(id: number): Promise<Identity | undefined>;
  /**
   * Puts personal tokens out of use whose user is not there any more, or is another one of the same name, and says of new ones whose they are.
   * @throws RegistryError UNAVAILABLE when a directory does not answer, after all users whom that does not concern
   */
  endOrphans(): Promise<void>;
}

/** How a robot is called where it logs in. */
export const ROBOT = "robot$";

/** For so long a token of a user whom this server does not know, or as another one, is only refused, in milliseconds: another server may have a newer password file. */
const SETTLED = 10 * 60_000;

/** What the log of changes calls who ends them. */
const ENDER: Actor = { user: "sampan:access", address: undefined, agent: undefined };

/** Who has a name now. */
export interface NameOwner {
  readonly groups: readonly string[];
  /** What tells them from others of the same name, earlier and later ones. */
  readonly person: string;
}

/** @param ownerOf undefined for a name that no user has */
export function createSecretLogins(secrets: Secrets, ownerOf: (user: string) => Promise<NameOwner | undefined>): SecretLogins {
  const identityOf = async (record: SecretRecord | undefined): Promise<Identity | undefined> => {
    if (!record || record.disabled || (record.expiresAt !== undefined && record.expiresAt <= Date.now())) return undefined;
    const secret = { id: record.id, scope: record.scope };
    if (record.kind === "robot") {
      secrets.noteSecretUse(record.id);
      return { kind: "robot", name: record.name, groups: [], secret };
    }
    const found = await ownerOf(record.owner);
    if (!found || (record.person !== undefined && record.person !== found.person)) {
      // One that is bound is as good as it was when its user is back. One that is not would be the next one's.
      if (record.person === undefined) await secrets.disableSecret(record, true, ENDER);
      return undefined;
    }
    if (record.person === undefined) await secrets.bindSecret(record.id, found.person);
    secrets.noteSecretUse(record.id);
    return { kind: "user", name: record.owner, groups: found.groups, secret };
  };
  return {
    async check(user, password) {
      if (!isSecret(password)) return undefined;
      const hash = hashSecret(password);
      const record = await secrets.secretOf(hash);
      if (!record || !timingSafeEqual(Buffer.from(record.hash), Buffer.from(hash))) return undefined;
      if (user !== (record.kind === "robot" ? `${ROBOT}${record.name}` : record.owner)) return undefined;
      const identity = await identityOf(record);
      if (!identity && record.person !== undefined && !record.disabled) {
        throw new RegistryError("UNAUTHORIZED", `the personal token ${record.name} is not good any more: it has expired, or the user ${user} or their password was another one when it was made`);
      }
      return identity;
    },
    current: async (id) => identityOf(await secrets.secretById(id)),
    async endOrphans() {
      const tokens = (await secrets.secrets("token")).filter(({ disabled }) => !disabled);
      let unanswered: unknown;
      for (const owner of new Set(tokens.map(({ owner }) => owner))) {
        let found: NameOwner | undefined;
        try {
          found = await ownerOf(owner);
        } catch (error) {
          unanswered ??= error;
          continue;
        }
        for (const token of tokens) {
          if (token.owner !== owner) continue;
          if (token.person === undefined) await (found ? secrets.bindSecret(token.id, found.person) : secrets.disableSecret(token, true, ENDER));
          else if (token.person !== found?.person && token.createdAt < Date.now() - SETTLED) await secrets.disableSecret(token, true, ENDER);
        }
      }
      if (unanswered !== undefined) throw unanswered;
    },
  };
}
