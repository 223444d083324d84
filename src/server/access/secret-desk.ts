import type { Actor } from "../storage/records.ts";
import type { SecretKind, SecretRecord, Secrets, SecretScope } from "../storage/secrets.ts";
import { refusal } from "../terms/refusals.ts";
import type { RegistryError } from "../terms/registry-error.ts";
import { isRepositoryPattern, isWithin } from "../terms/repository-pattern.ts";
import type { Right } from "../terms/rights.ts";
import type { Grants } from "./grants.ts";
import type { Identity } from "./identity.ts";
import type { Logins } from "./logins.ts";
import { hashSecret, isSecretName, makeSecret } from "./secret.ts";

/**
 * Robots and personal tokens in the hands of people. A user has tokens of their own. A robot is made and changed by who administers every repository that it has rights in, and has
 * those rights too: nobody gives what they do not have. Who administers everything sees and ends all of them.
 */
export interface SecretDesk {
  /** Whether the user administers everything that the patterns cover. */
  administers(user: Identity, patterns: readonly string[]): boolean;
  /** Roles that a scope may name. */
  readonly roles: readonly string[];
  list(kind: SecretKind, user: Identity): Promise<readonly SecretRecord[]>;
  /** Whether the user may make any. */
  mayCreate(kind: SecretKind, user: Identity): Promise<boolean>;
  /** @throws RegistryError DENIED, REQUEST_INVALID */
  create(kind: SecretKind, user: Identity, wanted: WantedSecret, actor: Actor): Promise<{ readonly record: SecretRecord; readonly secret: string }>;
  /** @throws RegistryError DENIED, REQUEST_INVALID where there is none */
  change(kind: SecretKind, user: Identity, named: { readonly owner: string; readonly name: string }, verb: "delete" | "disable" | "enable", actor: Actor): Promise<void>;
}

export interface WantedSecret {
  readonly name: string;
  readonly scope: SecretScope | undefined;
  readonly expiresAt: number | undefined;
}

type User = Identity & { readonly kind: "user" };

export function createSecretDesk({ grants, secrets, personOf: find }: { grants: Grants; secrets: Secrets; personOf: Logins["personOf"] }): SecretDesk {
  /** Whose a token of that user is; one who came from an identity provider is not the user of that name who can be asked after. */
  const ownerOf = async (user: User): Promise<string | undefined> => (user.provided ? undefined : find(user.name));

  const has = (user: User, right: Right, patterns: readonly string[]): boolean => {
    const own = grants.patterns(user, right);
    return patterns.every((pattern) => own.some((outer) => isWithin(pattern, outer)));
  };
  const administersAll = (user: User): boolean => has(user, "admin", ["**"]);

  /** Whether the user administers all that a robot may do, and may do it too. */
  const governs = (user: User, { name, scope }: { name: string; scope: SecretScope | undefined }): boolean => {
    if (administersAll(user)) return true;
    const given = [...grants.namedFor(name), ...(scope ? [{ rights: grants.role(scope.role) ?? [], patterns: scope.repositories }] : [])];
    return given.length > 0 && given.every(({ rights, patterns }) => (["admin", ...rights] as const).every((right) => has(user, right, patterns)));
  };

  const mayChange = (kind: SecretKind, user: User, record: { owner: string; name: string; scope: SecretScope | undefined }): boolean =>
    kind === "token" ? record.owner === user.name || administersAll(user) : governs(user, record);

  return {
    roles: grants.roles,
    administers: (identity, patterns) => identity.kind === "user" && !identity.secret?.scope && has(identity, "admin", patterns),

    async list(kind, identity) {
      const user = loggedIn(identity);
      return (await secrets.secrets(kind)).filter((record) => mayChange(kind, user, record));
    },

    async mayCreate(kind, identity) {
      const user = loggedIn(identity);
      return kind === "token" ? (await ownerOf(user)) !== undefined : grants.patterns(user, "admin").length > 0;
    },

    async create(kind, identity, { name, scope, expiresAt }, actor) {
      const user = loggedIn(identity);
      if (!isSecretName(name)) throw invalid("secretName", { kind });
      if (scope) checkScope(grants, scope);
      if (expiresAt !== undefined && expiresAt <= Date.now()) throw invalid("secretExpired");
      const person = kind === "token" ? await ownerOf(user) : undefined;
      if (kind === "token" && person === undefined) throw denied("notKept");
      if (kind === "robot" && !governs(user, { name, scope })) throw denied("robotRights");
      const secret = makeSecret(kind);
      const record = await secrets.createSecret({ kind, owner: kind === "token" ? user.name : "", name, hash: hashSecret(secret), scope, expiresAt, person }, actor);
      if (!record) throw invalid("secretTaken", { kind }, 409);
      return { record, secret };
    },

    async change(kind, identity, { owner, name }, verb, actor) {
      const user = loggedIn(identity);
      const record = (await secrets.secrets(kind)).find((each) => each.owner === owner && each.name === name);
      // What is not theirs to see is not there.
      if (!record || !mayChange(kind, user, record)) throw invalid("secretMissing", { kind }, 404);
      // Nobody wakes the tokens of who had their name before.
      if (verb === "enable" && kind === "token" && !administersAll(user) && record.person !== undefined && record.person !== (await ownerOf(user))) throw denied("tokenOfAnother");
      const id = { kind, owner, name };
      const done = verb === "delete" ? await secrets.deleteSecret(id, actor) : await secrets.disableSecret(id, verb === "disable", actor);
      if (!done) throw invalid("secretMissing", { kind }, 404);
    },
  };
}

/** A secret makes no others: they would outlive it. */
function loggedIn(identity: Identity): User {
  if (identity.kind === "anonymous") throw refusal("logInFirst", {}, { as: "UNAUTHORIZED" });
  if (identity.kind !== "user" || identity.secret) throw denied("peopleOnly");
  return identity;
}

function checkScope(grants: Grants, { role, repositories }: SecretScope): void {
  if (grants.role(role) === undefined) throw invalid("roleUnknown", { roles: grants.roles.join(", ") });
  if (repositories.length === 0 || repositories.length > 100 || !repositories.every(isRepositoryPattern)) throw invalid("rolePatterns");
}

type Code = Parameters<typeof refusal>[0];

function invalid(code: Code, values: Readonly<Record<string, string>> = {}, status?: number): RegistryError {
  return refusal(code, values, { as: "REQUEST_INVALID", ...(status === undefined ? {} : { status }) });
}

function denied(code: Code): RegistryError {
  return refusal(code, {}, { as: "DENIED" });
}
