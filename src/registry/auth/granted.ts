import { printable } from "../../std/printable.ts";

/** What a token says about itself; undefined where it does not say, as tokens are the registry's own business. */
export interface TokenClaims {
  /** Scopes that it is good for, `repository:team/app:pull`. */
  readonly scopes?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expires?: number;
  readonly subject?: string;
}

/** Reads the claims of a token in distribution's form (a JWT, registry reference § 4.2), without checking its signature. */
export function tokenClaims(token: string): TokenClaims {
  const [, payload, signature] = token.split(".");
  if (payload === undefined || signature === undefined) return {};
  let claims: { access?: unknown; exp?: unknown; sub?: unknown } | null;
  try {
    claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as typeof claims;
  } catch {
    return {};
  }
  if (typeof claims !== "object" || claims === null) return {};
  const scopes = Array.isArray(claims.access) ? claims.access.flatMap(scopeOf) : claims.access === null ? [] : undefined;
  return {
    ...(scopes ? { scopes } : {}),
    ...(typeof claims.exp === "number" && Math.abs(claims.exp) < 8.64e12 ? { expires: claims.exp * 1000 } : {}),
    ...(typeof claims.sub === "string" && claims.sub !== "" ? { subject: printable(claims.sub, 100) } : {}),
  };
}

/** The scopes that a token is good for: as its answer says (`scope` of OAuth), else as the token itself does. */
export function grantedScopes(token: string, answered: unknown): readonly string[] | undefined {
  const own = tokenClaims(token).scopes;
  return own ?? (typeof answered === "string" ? answered.split(/\s+/).filter(Boolean).map((scope) => printable(scope)) : undefined);
}

function scopeOf(entry: unknown): string[] {
  const { type, name, actions } = (entry ?? {}) as { type?: unknown; name?: unknown; actions?: unknown };
  if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return [];
  const allowed = actions.filter((action): action is string => typeof action === "string" && /^[\w.*-]+$/.test(action));
  return allowed.length === 0 ? [] : [printable(`${type}:${name}:${allowed.join(",")}`)];
}
