import { fault } from "../../std/fault.ts";
import type { Challenge } from "./challenge.ts";
import { grantedScopes } from "./granted.ts";
import type { Credential } from "../credentials/credentials.ts";
import { resolveTarget } from "../transport/follow.ts";

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  readonly refreshToken?: string;
  /** The scopes that it is good for, where that can be known. */
  readonly granted?: readonly string[];
}

export interface TokenRequest {
  readonly challenge: Challenge;
  readonly credential: Credential | undefined;
  readonly scopes: readonly string[];
  /** The URL whose answer held the challenge. */
  readonly from: URL;
  readonly host: string;
  /** Asks for a refresh token too, as a login does. */
  readonly offline?: boolean;
  readonly now: number;
  readonly send: (url: URL, request: { method: "GET" | "POST"; headers: Record<string, string>; body?: string }, limit: number) => Promise<TokenAnswer>;
}

/** What a token server said, read to its end; no bytes where it is longer than the limit. */
export interface TokenAnswer {
  readonly status: number;
  readonly url: URL;
  readonly bytes: Uint8Array | undefined;
  /** Where it leads instead. */
  readonly location?: string | undefined;
}

const BODY_LIMIT = 64 * 1024;
/** Seconds; what is further away is no date any more. */
const LONGEST_LIFE = 10 * 365 * 24 * 3600;
const CLIENT = "sampan";
const MOST_REDIRECTS = 5;

/**
 * Asks the token server that a Bearer challenge names (distribution-spec, auth/token.md and auth/oauth.md): by POST
 * with an identity token, otherwise by GET, with Basic if there is a login. Undefined: the login was not accepted.
 * @throws REDIRECT_REFUSED, RESPONSE_INVALID
 */
export async function requestToken(request: TokenRequest): Promise<Token | undefined> {
  const { challenge, credential, from, host } = request;
  const told = challenge.parameters["realm"]!;
  if (from.protocol === "https:" && /^http:/i.test(told)) {
    throw fault("REDIRECT_REFUSED", { host, target: told.replace(/[?#].*$/s, "").slice(0, 300), problem: "a login must not leave HTTPS" });
  }
  const realm = resolveTarget(told, from, host);
  let answer: TokenAnswer | undefined;
  if (credential?.identityToken !== undefined) {
    answer = await postForm(request, realm, credential.identityToken);
    if ((answer.status === 404 || answer.status === 405 || answer.status === 401) && credential.password) answer = undefined;
  }
  answer ??= await get(request, realm);
  return readToken(answer, request);
}

function get(request: TokenRequest, realm: URL): Promise<TokenAnswer> {
  const { challenge, credential, scopes, offline, send } = request;
  const url = new URL(realm);
  const service = challenge.parameters["service"];
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (offline) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", CLIENT);
  }
  const login = credential?.username !== undefined && credential.password !== undefined;
  if (login) url.searchParams.set("account", credential.username!);
  return follow(request, url, (to) => send(to, { method: "GET", headers: login ? { authorization: basic(credential) } : {} }, BODY_LIMIT), { secret: login, repeats: [301, 302, 303, 307, 308] });
}

/**
 * Sends a request, again to where its answers lead. With a secret that is the same host only, at the same port or by HTTPS instead of HTTP.
 * @throws REDIRECT_REFUSED
 */
async function follow({ host }: TokenRequest, first: URL, ask: (url: URL) => Promise<TokenAnswer>, { secret, repeats }: { secret: boolean; repeats: readonly number[] }): Promise<TokenAnswer> {
  let url = first;
  for (let count = 0; ; count += 1) {
    const answer = await ask(url);
    if (answer.location === undefined || !repeats.includes(answer.status)) return answer;
    const next = resolveTarget(answer.location, url, host);
    const refuse = (problem: string): Error => fault("REDIRECT_REFUSED", { host, target: `${next.origin}${next.pathname}`, problem });
    if (count === MOST_REDIRECTS) throw refuse(`there were more than ${MOST_REDIRECTS} redirects of a token request`);
    const raised = url.protocol === "http:" && next.protocol === "https:" && next.hostname === url.hostname;
    if (secret && next.origin !== url.origin && !raised) throw refuse("a login is not sent on to another host");
    url = next;
  }
}

function postForm(request: TokenRequest, realm: URL, refreshToken: string): Promise<TokenAnswer> {
  const { challenge, scopes, send } = request;
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: challenge.parameters["service"] ?? "",
    client_id: CLIENT,
    scope: scopes.join(" "),
    refresh_token: refreshToken,
  });
  const post = (to: URL): Promise<TokenAnswer> => send(to, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: form.toString() }, BODY_LIMIT);
  // The others turn a POST into a GET, which would have no token in it.
  return follow(request, realm, post, { secret: true, repeats: [307, 308] });
}

function readToken(answer: TokenAnswer, { host, now, from }: TokenRequest): Token | undefined {
  const invalid = (problem: string): Error =>
    fault("RESPONSE_INVALID", { host, request: `a token request to ${answer.url.host}`, problem });
  const { bytes } = answer;
  if (answer.status === 400 || answer.status === 401 || answer.status === 403) return undefined;
  if (answer.status !== 200) throw invalid(`status ${answer.status}`);
  if (!bytes) throw invalid(`more than ${BODY_LIMIT} bytes`);
  let body: { token?: unknown; access_token?: unknown; expires_in?: unknown; refresh_token?: unknown; scope?: unknown };
  try {
    body = JSON.parse(Buffer.from(bytes).toString("utf8")) as typeof body;
  } catch {
    throw invalid("it is not JSON");
  }
  const value = typeof body?.token === "string" && body.token !== "" ? body.token : body?.access_token;
  // A line break in it could smuggle in another header.
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) throw invalid(`there is no usable token in it (asked by ${from.host})`);
  const seconds = typeof body.expires_in === "number" && body.expires_in > 0 ? Math.min(body.expires_in, LONGEST_LIFE) : 60;
  const granted = grantedScopes(value, body.scope);
  return {
    value,
    expires: now + seconds * 1000,
    ...(granted ? { granted } : {}),
    ...(typeof body.refresh_token === "string" && body.refresh_token !== "" ? { refreshToken: body.refresh_token } : {}),
  };
}

/** The Authorization value of a user name and password. */
export function basic(credential: Pick<Credential, "username" | "password">): string {
  return `Basic ${Buffer.from(`${credential.username ?? ""}:${credential.password ?? ""}`).toString("base64")}`;
}
