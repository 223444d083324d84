import type { Actor } from "./records.ts";
import type { NewEvent } from "./rows.ts";

/**
 * Secrets that the registry itself has made: those of robots, and personal tokens of users. What is kept is the SHA-256 of a
 * secret of 256 random bits, which nobody can guess from it.
 */
export interface Secrets {
  /** Keeps a new one; undefined when there is one of that name already. */
  createSecret(secret: NewSecret, actor: Actor): Promise<SecretRecord | undefined>;
  /** The one with that hash, whether it is still good or not. Changes of other processes are seen at once. */
  secretOf(hash: string): Promise<SecretRecord | undefined>;
  secretById(id: number): Promise<SecretRecord | undefined>;
  /** Robots by name, or tokens by user and name; of one user where that is given. */
  secrets(kind: SecretKind, owner?: string): Promise<readonly SecretRecord[]>;
  /** Puts one out of use, or back; false when there is none. What is put back belongs to whoever has the owner's name then. */
  disableSecret(name: SecretName, disabled: boolean, actor: Actor): Promise<boolean>;
  deleteSecret(name: SecretName, actor: Actor): Promise<boolean>;
  /** Says whose a token is of which nobody has said it. */
  bindSecret(id: number, person: string): Promise<void>;
  /** Notes that one was used. It is written now and then, and lost by a crash before. */
  noteSecretUse(id: number): void;
}

export type SecretKind = "robot" | "token";

export interface SecretName {
  readonly kind: SecretKind;
  /** The user of a personal token; empty for robots. */
  readonly owner: string;
  readonly name: string;
}

/** What a robot may do besides the grants of the configuration, or what a personal token is narrowed to. */
export interface SecretScope {
  readonly role: string;
  /** Patterns of repository names. */
  readonly repositories: readonly string[];
}

export interface NewSecret extends SecretName {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  readonly scope: SecretScope | undefined;
  /** Milliseconds since the epoch; undefined for never. */
  readonly expiresAt: number | undefined;
  /** What tells the user of a personal token from others of the same name, earlier and later ones; undefined until the registry sees who that is, and for robots. */
  readonly person?: string | undefined;
}

export interface SecretRecord extends NewSecret {
  /** Never used twice. */
  readonly id: number;
  readonly createdAt: number;
  readonly disabled: boolean;
  readonly usedAt: number | undefined;
}

export type SecretVerb = "create" | "disable" | "enable" | "delete";

/** What the log of changes says of it. The secret itself, or its hash, is never among the words. */
export function secretEvent({ kind, owner, name, scope, expiresAt }: SecretName & Partial<NewSecret>, verb: SecretVerb, actor: Actor): NewEvent {
  const detail = {
    name,
    ...(kind === "token" ? { user: owner } : {}),
    ...(scope ? { role: scope.role, repositories: scope.repositories.join(", ") } : {}),
    ...(expiresAt === undefined ? {} : { expires: new Date(expiresAt).toISOString() }),
  };
  return { action: `${kind}.${verb}`, repository: "", actor, detail };
}
