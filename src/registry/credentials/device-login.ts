import { setTimeout as wait } from "node:timers/promises";
import { fault } from "../../std/fault.ts";
import { openSession, routeRules, type RegistryClientOptions } from "../client.ts";
import { reach } from "../requests/reach.ts";
import { loginRoute } from "../routes/routes-of.ts";
import { ConnectionError, toFault } from "../transport/connection-error.ts";
import { readBody } from "../transport/transport.ts";

/** What a person has to open, and to type there. */
export interface DeviceCode {
  readonly url: string;
  readonly code: string;
}

const BODY_LIMIT = 64 * 1024;
const GRANT = "urn:ietf:params:oauth:grant-type:device_code";
/** Seconds; a registry cannot have us wait longer, nor ask more often. */
const LONGEST = 1800;
const SHORTEST_INTERVAL = 1;

/**
 * A login that a person confirms in a browser, on whatever machine that is (RFC 8628): the registry asks its identity provider.
 * @returns who that was, and the token to keep in the place of a password
 * @throws LOGIN_NOT_CONFIRMED, RESPONSE_INVALID, REGISTRY_…
 */
export async function deviceLogin(
  host: string,
  options: Omit<RegistryClientOptions, "credentials" | "mirrors"> & { readonly signal: AbortSignal; readonly onCode: (code: DeviceCode) => void },
): Promise<{ username: string; identityToken: string }> {
  const { signal } = options;
  const session = openSession({ ...options, credentials: { find: () => undefined } });
  await using _closing = session.transport;
  const connection = await session.connect(await loginRoute(host, await routeRules(options)()), signal);

  const post = async (path: string, fields: Readonly<Record<string, string>>): Promise<{ status: number; body: Readonly<Record<string, unknown>> }> => {
    const url = new URL(path, connection.origin);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await session.transport.request(url, { method: "POST", body: new URLSearchParams(fields).toString(), signal, ...reach(url, connection.endpoint, connection, headers) }).catch((error: unknown) => {
      throw error instanceof ConnectionError ? toFault(error, host) : error;
    });
    const invalid = (problem: string): Error => fault("RESPONSE_INVALID", { host, request: `POST ${path}`, problem });
    const bytes = await readBody(answer, BODY_LIMIT);
    if (!bytes) throw invalid(`more than ${BODY_LIMIT} bytes`);
    let body: unknown;
    try {
      body = JSON.parse(Buffer.from(bytes).toString("utf8"));
    } catch {
      if (answer.status !== 404) throw invalid(`status ${answer.status}, and no JSON`);
    }
    return { status: answer.status, body: typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {} };
  };
  const refused = ({ body }: { body: Readonly<Record<string, unknown>> }): Error =>
    fault("LOGIN_NOT_CONFIRMED", { host, answer: firstError(body)?.message ?? "it knows no such logins" });

  const begun = await post("/auth/device", {});
  const { device_code: deviceCode, verification_uri: uri, verification_uri_complete: complete, user_code: code } = begun.body;
  if (begun.status !== 200) throw refused(begun);
  const url = [complete, uri].find((text): text is string => typeof text === "string" && /^https?:\/\/[\x21-\x7e]+$/.test(text));
  if (typeof deviceCode !== "string" || url === undefined || typeof code !== "string" || !/^[\x20-\x7e]{1,100}$/.test(code)) {
    throw fault("RESPONSE_INVALID", { host, request: "POST /auth/device", problem: "it names no code and no page" });
  }
  options.onCode({ url, code });
  const seconds = (name: string, otherwise: number): number => (typeof begun.body[name] === "number" ? Math.min(begun.body[name], LONGEST) : otherwise);
  const interval = Math.max(seconds("interval", 5), SHORTEST_INTERVAL);
  for (let left = seconds("expires_in", 600); left > 0; left -= interval) {
    await wait(interval * 1000, undefined, { signal });
    const answer = await post("/auth/token", { grant_type: GRANT, device_code: deviceCode, client_id: "sampan" });
    const { refresh_token: identityToken, username } = answer.body;
    if (answer.status === 200 && typeof identityToken === "string" && typeof username === "string") return { username, identityToken };
    if (answer.status === 200) throw fault("RESPONSE_INVALID", { host, request: "POST /auth/token", problem: "it gives no refresh token" });
    if (!firstError(answer.body)?.pending) throw refused(answer);
  }
  throw fault("LOGIN_NOT_CONFIRMED", { host, answer: "nobody has done so in time" });
}

function firstError(body: Readonly<Record<string, unknown>>): { readonly message?: string; readonly pending: boolean } | undefined {
  const error = (Array.isArray(body["errors"]) ? body["errors"][0] : undefined) as { message?: unknown; detail?: { error?: unknown } | null } | undefined;
  if (typeof error !== "object" || error === null) return undefined;
  return { ...(typeof error.message === "string" ? { message: error.message.replace(/\p{C}+/gu, " ").slice(0, 500) } : {}), pending: error.detail?.error === "authorization_pending" };
}
