import { createHash, randomBytes } from "node:crypto";
import type { SecretKind } from "../storage/secrets.ts";

/** Beginnings that programs which look for leaked secrets can find. */
const BEGINNINGS: Readonly<Record<SecretKind, string>> = { robot: "sampan_robot_", token: "sampan_token_" };
const SECRET = /^sampan_(?:robot|token)_[A-Za-z0-9_-]{43}$/;

/** A new secret of 256 random bits. */
export function makeSecret(kind: SecretKind): string {
  return `${BEGINNINGS[kind]}${randomBytes(32).toString("base64url")}`;
}

export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** What is kept of a secret: no salt and no slow hash, since nobody can guess through 256 bits. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** How robots and personal tokens may be called. */
export function isSecretName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/.test(text);
}
