import { fault, isFault } from "../../std/fault.ts";
import type { Credential } from "./credentials.ts";
import type { Login } from "./given-logins.ts";
import { openSession, routeRules, type RegistryClientOptions } from "../client.ts";
import { loginRoute } from "../routes/routes-of.ts";
import { basic } from "../auth/token.ts";
import { discard } from "../transport/transport.ts";

/**
 * Asks the registry whether it accepts a login, as `docker login` does: by its Basic or Bearer challenge on `/v2/`.
 * A registry that lets everybody in there is asked with the login once more, so that a wrong password shows.
 * @returns the identity token to keep instead of the password, when the registry gives one
 * @throws LOGIN_REFUSED, REGISTRY_…
 */
export async function checkLogin(
  host: string,
  login: Login,
  options: Omit<RegistryClientOptions, "credentials" | "mirrors"> & { readonly signal?: AbortSignal } = {},
): Promise<{ identityToken?: string }> {
  const credential: Credential =
    login.username === "<token>" ? { identityToken: login.password, source: "this login" } : { ...login, source: "this login" };
  const session = openSession({ ...options, credentials: { find: () => credential } });
  await using _closing = session.transport;
  const endpoint = await loginRoute(host, await routeRules(options)());
  const stoppable = options.signal ? { signal: options.signal } : {};
  const { authenticator } = await session.connect(endpoint, options.signal);
  const request = { endpoint, method: "GET", target: `${endpoint.api}/`, scopes: [], subject: { kind: "registry", name: "/v2/" }, ...stoppable } as const;
  try {
    const identityToken = await authenticator.signIn();
    const headers = authenticator.challenged || credential.identityToken !== undefined ? {} : { headers: { authorization: basic(login) } };
    await discard(await session.send({ ...request, ...headers, accept: [200] }));
    return identityToken === undefined ? {} : { identityToken };
  } catch (error) {
    if (!isFault(error, "REGISTRY_UNAUTHORIZED") && !isFault(error, "REGISTRY_DENIED")) throw error;
    const { answer } = error.details as { answer?: string };
    throw fault("LOGIN_REFUSED", { host, user: login.username, ...(answer ? { answer } : {}) }, { cause: error });
  }
}
