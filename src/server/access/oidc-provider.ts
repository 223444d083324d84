import { readFileSync } from "node:fs";
import { createRemoteJWKSet, decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { fault } from "../../std/fault.ts";
import { Semaphore } from "../../std/semaphore.ts";
import type { OidcConfig } from "../config/oidc-section.ts";
import { fileBeside } from "../config/values.ts";
import { RegistryError } from "../terms/registry-error.ts";
import { withUserInfo } from "./ask-user-info.ts";
import { createCodeFlow, type CodeFlow } from "./code-flow.ts";

/** Who a token of a provider speaks of. */
export interface ProviderUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** An OpenID Connect provider, as far as a registry needs one. */
export interface Provider {
  readonly issuer: string;
  /** How long a person who has logged in stays so, in milliseconds. */
  readonly session: number;
  /** Whether a token says that it is the provider's; nothing is checked. */
  claims(token: string): boolean;
  /** Begins the login of a person at another machine (RFC 8628). @throws RegistryError UNAVAILABLE */
  startDevice(): Promise<DeviceLogin>;
  /** Who has confirmed it; undefined while nobody has. @throws RegistryError UNAUTHORIZED, UNAVAILABLE */
  finishDevice(deviceCode: string): Promise<ProviderUser | undefined>;
  /** Logins of people in their own browser. */
  readonly code: CodeFlow;
  /** Whose token a workload shows. @throws RegistryError UNAUTHORIZED, UNAVAILABLE */
  workload(token: string): Promise<ProviderUser>;
}

/** What a person has to be shown, and what is asked with until they have confirmed; times in seconds. */
export interface DeviceLogin {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string;
  readonly expires_in: number;
  readonly interval: number;
}

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
const LONGEST = 16 * 1024;
const ANSWER_LIMIT = 1024 * 1024;
const TIMEOUT = 5000;
const SKEW = 30;
/** What the provider says of itself is asked again after this time, in milliseconds. */
const DISCOVERED_FOR = 3_600_000;
const NAME = /^[^\s:\p{C}]{1,255}$/u;
const GROUPS = 1000;

/** Questions to the provider at once. */
const QUESTIONS = 8;
const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

interface Discovered {
  readonly document: Readonly<Record<string, unknown>>;
  readonly keys: JWTVerifyGetKey;
  readonly until: number;
}

/**
 * Asks nobody before the first token comes (OpenID Connect Discovery 1.0, RFC 7519).
 * @throws SERVER_CONFIG_UNREADABLE
 */
export function oidcProvider(config: OidcConfig, configFile: string): Provider {
  readSecret(config, configFile);
  let discovered: Promise<Discovered> | undefined;

  const discover = async (): Promise<Discovered> => {
    const found = await (discovered ??= readDiscovery(config.issuer));
    if (found.until > Date.now()) return found;
    discovered = undefined;
    return discover();
  };

  const verify = async (token: string, audience: readonly string[]): Promise<JWTPayload> => {
    if (token.length > LONGEST) throw unauthorized("the token is too long");
    try {
      const { keys } = await discover();
      const { payload } = await jwtVerify(token, keys, { issuer: config.issuer, audience: [...audience], algorithms: ALGORITHMS, clockTolerance: SKEW, requiredClaims: ["exp", "iat", "sub"] });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthorized("the token of the provider has expired");
      if (error instanceof errors.JWTClaimValidationFailed) throw unauthorized(`the token of the provider is not for this registry: its claim ${JSON.stringify(error.claim)} is another one`);
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.code === "ERR_JOSE_GENERIC") {
        discovered = undefined;
        throw unavailable(error);
      }
      throw unauthorized("the token of the provider is not valid");
    }
  };

  const room = new Semaphore(QUESTIONS);
  const post = (endpoint: string, fields: Readonly<Record<string, string>>): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> =>
    room.run(async () => {
      try {
        const { document } = await discover();
        const login = clientLogin(document, config.clientId, readSecret(config, configFile));
        const body = new URLSearchParams({ ...login.fields, ...fields });
        const answer = await fetch(endpointOf(document, endpoint, config.issuer), { method: "POST", body, signal: AbortSignal.timeout(TIMEOUT), redirect: "error", headers: { accept: "application/json", ...login.headers } });
        if (answer.status >= 500) throw new Error(`the provider answered with status ${answer.status}`);
        return { status: answer.status, body: await readJson(answer) };
      } catch (error) {
        discovered = undefined;
        throw unavailable(error);
      }
    });

  const personOf = async (payload: JWTPayload, accessToken: unknown): Promise<ProviderUser> => {
    const { usernameClaim, groupsClaim } = config;
    const asked = await withUserInfo({ payload, accessToken, wanted: [usernameClaim, groupsClaim] }, (token) => room.run(async () => {
      try {
        const { document } = await discover();
        if (document["userinfo_endpoint"] === undefined) return undefined;
        const answer = await fetch(endpointOf(document, "userinfo_endpoint", config.issuer), { signal: AbortSignal.timeout(TIMEOUT), redirect: "error", headers: { accept: "application/json", authorization: `Bearer ${token}` } });
        if (answer.status >= 500) throw new Error(`the provider answered with status ${answer.status}`);
        // A signed or encrypted answer is in a form that the provider was told to give; it is left aside, as no answer is.
        if (answer.status === 200 && !/^application\/jwt\b/i.test(answer.headers.get("content-type") ?? "")) return await readJson(answer);
        await answer.body?.cancel();
        return undefined;
      } catch (error) {
        discovered = undefined;
        throw unavailable(error);
      }
    }));
    return userOf(asked, usernameClaim, groupsClaim);
  };

  return {
    async startDevice() {
      const { status, body } = await post("device_authorization_endpoint", { scope: config.scopes.join(" ") });
      const { device_code, user_code, verification_uri, verification_uri_complete } = body;
      const isText = (value: unknown): value is string => typeof value === "string" && /^[\x20-\x7e]{1,2048}$/.test(value);
      if (status !== 200 || !isText(device_code) || !isText(user_code) || !isText(verification_uri)) throw unavailable(new Error(`the provider began no login of a device: status ${status}, ${JSON.stringify(body["error"])}`));
      return {
        device_code, user_code, verification_uri,
        ...(isText(verification_uri_complete) ? { verification_uri_complete } : {}),
        expires_in: secondsOf(body["expires_in"], 600), interval: secondsOf(body["interval"], 5),
      };
    },
    async finishDevice(deviceCode) {
      const { status, body } = await post("token_endpoint", { grant_type: DEVICE_GRANT, device_code: deviceCode });
      if (status === 200 && typeof body["id_token"] === "string") return personOf(await verify(body["id_token"], [config.clientId]), body["access_token"]);
      switch (body["error"]) {
        case "authorization_pending": case "slow_down": return undefined;
        case "access_denied": throw unauthorized("the login was refused");
        case "expired_token": case "invalid_grant": throw unauthorized("the login was not confirmed in time: begin again");
        default: throw unavailable(new Error(`the provider gave no token: status ${status}, ${JSON.stringify(body["error"])}`));
      }
    },
    issuer: config.issuer,
    session: config.session,
    code: createCodeFlow({
      clientId: config.clientId,
      issuer: config.issuer,
      scopes: config.scopes,
      endpoint: async () => {
        try {
          return endpointOf((await discover()).document, "authorization_endpoint", config.issuer);
        } catch (error) {
          discovered = undefined;
          throw unavailable(error);
        }
      },
      redeem: (fields) => post("token_endpoint", fields),
      verify: (token) => verify(token, [config.clientId]),
      userOf: personOf,
    }),
    claims(token) {
      if (token.length > LONGEST || token.split(".").length !== 3) return false;
      try {
        return decodeJwt(token).iss === config.issuer;
      } catch {
        return false;
      }
    },
    workload: async (token) => userOf(await verify(token, config.audience ?? [config.clientId]), config.workloadClaim ?? config.usernameClaim, config.groupsClaim),
  };
}

/** How the registry says who it is: most providers take the secret as a field, some only as Basic (OpenID Connect Core 1.0, 9). */
function clientLogin(document: Readonly<Record<string, unknown>>, id: string, secret: string | undefined): { fields: Record<string, string>; headers: Record<string, string> } {
  if (secret === undefined) return { fields: { client_id: id }, headers: {} };
  const ways = document["token_endpoint_auth_methods_supported"];
  if (!Array.isArray(ways) || ways.includes("client_secret_post") || !ways.includes("client_secret_basic")) return { fields: { client_id: id, client_secret: secret }, headers: {} };
  const encode = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);
  return { fields: { client_id: id }, headers: { authorization: `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString("base64")}` } };
}

function secondsOf(value: unknown, otherwise: number): number {
  return typeof value === "number" && value >= 1 && value <= 86_400 ? Math.ceil(value) : otherwise;
}

function userOf(payload: JWTPayload, nameClaim: string, groupsClaim: string): ProviderUser {
  const name = payload[nameClaim];
  if (typeof name !== "string" || !NAME.test(name)) throw unauthorized(`the token of the provider names nobody: its claim ${JSON.stringify(nameClaim)} is missing, or no name`);
  const groups = payload[groupsClaim];
  return { name, groups: (Array.isArray(groups) ? groups : []).filter((group) => typeof group === "string").slice(0, GROUPS) };
}

async function readDiscovery(issuer: string): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = await fetchJson(url);
  if (document["issuer"] !== issuer) throw new Error(`${url} speaks for another issuer: ${JSON.stringify(document["issuer"])}`);
  return { document, keys: createRemoteJWKSet(endpointOf(document, "jwks_uri", issuer), { timeoutDuration: TIMEOUT, cooldownDuration: 10_000 }), until: Date.now() + DISCOVERED_FOR };
}

/** An address of the provider; what it says of itself must not lead from https to plain http. */
function endpointOf(document: Readonly<Record<string, unknown>>, name: string, issuer: string): URL {
  const text = document[name];
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (!url || !(url.protocol === "https:" || (url.protocol === "http:" && issuer.startsWith("http:")))) throw new Error(`the provider names no usable ${name}`);
  return url;
}

async function fetchJson(url: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: "error", headers: { accept: "application/json" } });
  if (answer.status !== 200) throw new Error(`${url} answered with status ${answer.status}`);
  return readJson(answer);
}

async function readJson(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > ANSWER_LIMIT) throw new Error("the provider's answer is too long");
    chunks.push(chunk as Uint8Array);
  }
  const value = JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
  if (typeof value !== "object" || value === null) throw new Error("the provider's answer is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

function readSecret({ clientSecret, clientSecretFile }: OidcConfig, configFile: string): string | undefined {
  if (clientSecretFile === undefined) return clientSecret;
  const file = fileBeside(configFile, clientSecretFile);
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
  }
}

function unauthorized(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", message);
}

function unavailable(cause: unknown): RegistryError {
  return new RegistryError("UNAVAILABLE", "the identity provider does not answer: try again later", { headers: { "Retry-After": "5" }, cause });
}
