import { packageVersion } from "../../std/package-version.ts";
import type { Caller } from "../access/access-control.ts";
import { originOf } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { SessionAnswer } from "./answers.ts";
import { objectOf, textOf, type ApiExchange } from "./api-exchange.ts";
import { setSessionCookie } from "./session-cookie.ts";

/** Who asks. */
export async function showSession(exchange: ApiExchange): Promise<SessionAnswer> {
  return sessionOf(exchange, exchange.caller);
}

/** Logs in with a name and a password. */
export async function logIn(exchange: ApiExchange): Promise<SessionAnswer> {
  const { access, request } = exchange;
  if (!access.sessions) throw new RegistryError("UNSUPPORTED", "there are no logins here: everybody may do everything");
  const body = await objectOf(exchange);
  const session = await access.sessions.login(textOf(body, "user"), textOf(body, "password"), originOf(request));
  setSessionCookie(exchange, session);
  return sessionOf(exchange, session.caller);
}

export async function logOut(exchange: ApiExchange): Promise<{ readonly loggedOut: true }> {
  setSessionCookie(exchange, { token: "", seconds: 0 });
  return { loggedOut: true };
}

function sessionOf({ access, request, config }: ApiExchange, { identity }: Caller): SessionAnswer {
  return {
    kind: identity.kind,
    groups: identity.kind === "anonymous" ? [] : identity.groups,
    ...(identity.kind === "anonymous" ? {} : { user: identity.name }),
    logins: access.sessions !== undefined,
    ...(access.sessions?.elsewhere ? { provider: access.sessions.elsewhere.provider } : {}),
    host: config.externalUrl === undefined ? (originOf(request).host ?? "") : new URL(config.externalUrl).host,
    version: packageVersion(),
  };
}
