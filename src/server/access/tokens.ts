import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { randomUUID } from "node:crypto";
import { ANONYMOUS, type Identity } from "./identity.ts";
import type { Scope } from "./scope.ts";
import type { TokenKeys } from "./token-keys.ts";

/** What a token says: who it was given to, and what it is good for. */
export interface TokenContent {
  readonly identity: Identity;
  readonly access: readonly Scope[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

export interface Tokens {
  issue(identity: Identity, access: readonly Scope[]): Promise<{ token: string; issued: Date; seconds: number }>;
  /** @throws TokenRefused */
  verify(token: string): Promise<TokenContent>;
  /** A token that gets tokens; `stamp` is what changes when it shall be worth nothing any more, `lifetime` (ms) what it is good for at most. Undefined where none are given out. */
  issueRefresh(identity: Identity, stamp: string, lifetime?: number): Promise<string | undefined>;
  /** @throws TokenRefused */
  verifyRefresh(token: string): Promise<{ identity: Identity; stamp: string }>;
  /** A token that a browser keeps; `ends` is when its user has to log in again, in milliseconds since the epoch, however often it is renewed. */
  issueSession(identity: Identity, session: { stamp: string; ends: number; seconds: number }): Promise<string>;
  /** @throws TokenRefused */
  verifySession(token: string): Promise<{ identity: Identity; stamp: string; ends: number; issued: number }>;
}

/** Why a token is worth nothing, in words that may be told to whoever sent it. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

/** Longer ones are refused unread. */
const LONGEST = 16 * 1024;
/** Tokens whose content is remembered, so that their signature is checked once. */
const REMEMBERED = 4096;
const SKEW = 5;

/** JSON Web Tokens (ES256) in distribution's form (spec/auth/jwt.md): `iss sub aud exp nbf iat jti access`; lifetimes in milliseconds. */
export function createTokens(keys: TokenKeys, options: { issuer: string; service: string; expires: number; refresh: number }): Tokens {
  const { issuer, service } = options;
  const refreshAudience = `${service}/refresh`;
  const sessionAudience = `${service}/pages`;
  const known = new Map<string, TokenContent>();

  const sign = async (claims: JWTPayload, identity: Identity, audience: string, seconds: number, issued: number): Promise<string> => {
    const { id, key } = await keys.signing();
    return new SignJWT({ ...claims, ...(identity.kind === "anonymous" ? {} : { kind: identity.kind, groups: identity.groups, ...(identity.secret ? { secret: identity.secret.id } : {}) }) })
      .setProtectedHeader({ alg: "ES256", typ: "JWT", kid: id })
      .setIssuer(issuer).setAudience(audience).setSubject(identity.kind === "anonymous" ? "" : identity.name)
      .setIssuedAt(issued).setNotBefore(issued - SKEW).setExpirationTime(issued + seconds).setJti(randomUUID())
      .sign(key);
  };

  const open = async (token: string, audience: string): Promise<JWTPayload> => {
    if (token.length > LONGEST) throw new TokenRefused("the token is too long");
    try {
      const id = decodeProtectedHeader(token).kid;
      const key = id === undefined ? undefined : await keys.verifying(id);
      if (key === undefined) throw new TokenRefused("the token was not made by this registry");
      const { payload } = await jwtVerify(token, key, { issuer, audience, algorithms: ["ES256"], clockTolerance: SKEW, requiredClaims: ["exp", "sub"] });
      return payload;
    } catch (error) {
      if (error instanceof TokenRefused) throw error;
      throw new TokenRefused(error instanceof errors.JWTExpired ? "the token has expired" : "the token is not valid", { cause: error });
    }
  };

  return {
    async issue(identity, access) {
      const seconds = Math.round(options.expires / 1000);
      const issued = Math.floor(Date.now() / 1000);
      return { token: await sign({ access }, identity, service, seconds, issued), issued: new Date(issued * 1000), seconds };
    },
    async verify(token) {
      const before = known.get(token);
      if (before && before.expires > Date.now()) return before;
      known.delete(token);
      const payload = await open(token, service);
      const content = { identity: identityOf(payload), access: accessOf(payload), expires: payload.exp! * 1000 };
      known.set(token, content);
      if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
      return content;
    },
    async issueRefresh(identity, stamp, lifetime = options.refresh) {
      const milliseconds = Math.min(lifetime, options.refresh);
      if (milliseconds === 0 || identity.kind === "anonymous") return undefined;
      return sign({ stamp }, identity, refreshAudience, Math.round(milliseconds / 1000), Math.floor(Date.now() / 1000));
    },
    async verifyRefresh(token) {
      const payload = await open(token, refreshAudience);
      return { identity: identityOf(payload), stamp: String(payload["stamp"]) };
    },
    issueSession: (identity, { stamp, ends, seconds }) => sign({ stamp, ends }, identity, sessionAudience, seconds, Math.floor(Date.now() / 1000)),
    async verifySession(token) {
      const payload = await open(token, sessionAudience);
      const ends = payload["ends"];
      if (typeof ends !== "number") throw new TokenRefused("the session is of an older form");
      return { identity: identityOf(payload), stamp: String(payload["stamp"]), ends, issued: payload.iat! * 1000 };
    },
  };
}

/** The scope of a secret is looked up when it is used. */
function identityOf({ sub, kind, groups, secret }: JWTPayload): Identity {
  if (!sub) return ANONYMOUS;
  const used = typeof secret === "number" ? { secret: { id: secret, scope: undefined } } : {};
  return { kind: kind === "robot" ? "robot" : "user", name: sub, groups: Array.isArray(groups) ? groups.map(String) : [], ...used };
}

function accessOf({ access }: JWTPayload): readonly Scope[] {
  return Array.isArray(access) ? (access as Scope[]) : [];
}
