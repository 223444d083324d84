import type { JWTPayload } from "jose";

/** What of an answer of the token endpoint speaks of the user. */
export interface UserQuestion {
  /** The claims of the verified `id_token`. */
  readonly payload: JWTPayload;
  readonly accessToken: unknown;
  /** Claims that are wanted. */
  readonly wanted: readonly string[];
}

/**
 * The claims of a user. Many providers put names and groups not into the token but where its holder may ask for them (OpenID Connect Core 1.0, 5.3 and 5.4):
 * what is missing is asked for there. What the token says counts, because it is signed.
 * @param ask `userinfo_endpoint` with that access token; undefined where the provider has none, or does not let it in
 */
export async function withUserInfo({ payload, accessToken, wanted }: UserQuestion, ask: (accessToken: string) => Promise<Readonly<Record<string, unknown>> | undefined>): Promise<JWTPayload> {
  if (typeof accessToken !== "string" || wanted.every((claim) => payload[claim] !== undefined)) return payload;
  const told = await ask(accessToken);
  // Another one's claims: tokens may be exchanged on their way (5.3.2).
  return told === undefined || told["sub"] !== payload.sub ? payload : { ...told, ...payload };
}
