import type { ClientOrigin } from "../terms/client-origin.ts";
import { RegistryError } from "../terms/registry-error.ts";
import type { TokenEndpoint, TokenRequest } from "./access-control.ts";
import { readCredentials } from "./credentials.ts";
import type { Grants } from "./grants.ts";
import { ANONYMOUS, nameOf } from "./identity.ts";
import type { Login, Logins } from "./logins.ts";
import { narrowScope, parseScopes, type Scope } from "./scope.ts";
import { TokenRefused, type Tokens } from "./tokens.ts";

export const DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/**
 * Gives tokens out. GET takes the login as Basic, or none for an anonymous token; POST takes `grant_type=password`,
 * `refresh_token`, or the one of devices (RFC 8628). A token is good for what was asked for and is allowed; less than was asked for is no error.
 */
export function createTokenEndpoint({ grants, logins, tokens }: { grants: Grants; logins: Logins; tokens: Tokens }): TokenEndpoint {
  const answer = async ({ identity, stamp, refresh: lifetime }: Login, scopes: readonly Scope[], offline: boolean): Promise<Readonly<Record<string, unknown>>> => {
    const access = scopes.flatMap((scope) => {
      if (scope.type === "registry" && scope.name === "catalog" && scope.actions.includes("*")) return [{ ...scope, actions: ["*"] }];
      if (scope.type !== "repository") return [];
      const granted = narrowScope(scope, grants.rights(identity, scope.name));
      return granted.actions.length > 0 ? [granted] : [];
    });
    const { token, issued, seconds } = await tokens.issue(identity, access);
    const refresh = offline ? await tokens.issueRefresh(identity, stamp, lifetime) : undefined;
    return {
      token,
      access_token: token,
      expires_in: seconds,
      issued_at: issued.toISOString(),
      scope: access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`).join(" "),
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
    };
  };

  const byRefreshToken = async (token: string): Promise<Login> => {
    try {
      const { identity, stamp } = await tokens.verifyRefresh(token);
      const now = await logins.revive(identity, stamp);
      if (!now) throw new TokenRefused(identity.kind === "anonymous" || !identity.secret ? "the refresh token is worth nothing since the password has changed" : "the secret that the refresh token was given for is not good any more");
      return { identity: now, stamp };
    } catch (error) {
      if (error instanceof TokenRefused) throw unauthorized(error.message);
      throw error;
    }
  };

  const byGet = async ({ parameters, authorization, origin }: TokenRequest): Promise<Readonly<Record<string, unknown>>> => {
    const credentials = readCredentials(authorization);
    if (credentials.kind === "bearer" || credentials.kind === "unknown") throw unauthorized("a token is given for a name and a password (Basic), or for none");
    const login = credentials.kind === "none" ? { identity: ANONYMOUS, stamp: "" } : await checkLogin(credentials.user, credentials.password, origin);
    return answer(login, parseScopes(parameters.getAll("scope")), parameters.get("offline_token") === "true");
  };

  const byPost = async ({ parameters, origin }: TokenRequest): Promise<Readonly<Record<string, unknown>>> => {
    const scopes = parseScopes(parameters.getAll("scope"));
    switch (parameters.get("grant_type")) {
      case "password":
        return answer(await checkLogin(parameters.get("username") ?? "", parameters.get("password") ?? "", origin), scopes, parameters.get("access_type") === "offline");
      case "refresh_token": {
        const token = parameters.get("refresh_token") ?? "";
        return { ...(await answer(await byRefreshToken(token), scopes, false)), refresh_token: token };
      }
      case DEVICE_GRANT: {
        const code = parameters.get("device_code") ?? "";
        if (!logins.device || code === "" || code.length > 2048) throw new RegistryError("REQUEST_INVALID", logins.device ? "device_code is missing" : "this registry knows no logins of devices");
        const login = await logins.device.finish(code);
        if (!login) throw new RegistryError("REQUEST_INVALID", "nobody has confirmed the login yet", { detail: { error: "authorization_pending" } });
        return { ...(await answer(login, scopes, true)), username: nameOf(login.identity) };
      }
      default:
        throw new RegistryError("REQUEST_INVALID", "grant_type has to be password, refresh_token or that of devices");
    }
  };

  /** Docker sends an identity token as the password of a user that is called `<token>`. */
  const checkLogin = (user: string, password: string, origin: ClientOrigin): Promise<Login> => (user === "<token>" && !logins.takesToken(password) ? byRefreshToken(password) : logins.check(user, password, origin));

  return (request) => (request.method === "POST" ? byPost(request) : byGet(request));
}

function unauthorized(message: string): RegistryError {
  return new RegistryError("UNAUTHORIZED", message, { headers: { "WWW-Authenticate": 'Basic realm="sampan-registry"' } });
}
