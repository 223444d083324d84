import { fault, isFault } from "../../std/fault.ts";
import { authKey, dockerConfigFile, findEntry, findKeys, readDockerConfig, type Credential } from "./credentials.ts";
import type { Login } from "./given-logins.ts";
import { saveConfig } from "./save-config.ts";
import { openSession, routeRules, type RegistryClientOptions } from "../client.ts";
import { Places } from "../routes/places.ts";
import { basic } from "../auth/token.ts";
import { discard } from "../transport/transport.ts";

type Environment = Readonly<Record<string, string | undefined>>;

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
  const endpoint = await new Places(routeRules(options)).target({ host });
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

/**
 * Keeps a login in docker's config.json, where docker and every tool that reads its file finds it.
 * @returns the file
 * @throws CREDENTIAL_HELPER when the file leaves logins to a helper, DOCKER_CONFIG_INVALID, LOGIN_NOT_SAVED
 */
export function saveLogin(host: string, login: Login & { readonly identityToken?: string }, environment: Environment = process.env): string {
  const file = dockerConfigFile(environment);
  const config = readDockerConfig(file);
  refuseHelpers(config, host, file);
  const password = login.identityToken === undefined ? login.password : "";
  const entry = {
    auth: Buffer.from(`${login.username}:${password}`).toString("base64"),
    ...(login.identityToken === undefined ? {} : { identitytoken: login.identityToken }),
  };
  const auths = { ...(config["auths"] as Record<string, unknown> | undefined), [authKey(host)]: entry };
  saveConfig(file, { ...config, auths });
  return file;
}

/**
 * Forgets the login for a host.
 * @returns the file, or undefined when it held none
 * @throws CREDENTIAL_HELPER, DOCKER_CONFIG_INVALID, LOGIN_NOT_SAVED
 */
export function removeLogin(host: string, environment: Environment = process.env): string | undefined {
  const file = dockerConfigFile(environment);
  const config = readDockerConfig(file);
  const auths = config["auths"] as Record<string, object> | undefined;
  const keys = findKeys(auths, host);
  if (keys.length === 0) return undefined;
  refuseHelpers(config, host, file);
  saveConfig(file, { ...config, auths: Object.fromEntries(Object.entries(auths!).filter(([key]) => !keys.includes(key))) });
  return file;
}

function refuseHelpers(config: Readonly<Record<string, unknown>>, host: string, file: string): void {
  const helper = findEntry(config["credHelpers"] as Record<string, string> | undefined, host);
  if (helper) throw fault("CREDENTIAL_HELPER", { helper, host, file, key: "credHelpers" });
  const store = config["credsStore"];
  if (typeof store === "string" && store !== "") throw fault("CREDENTIAL_HELPER", { helper: store, host, file, key: "credsStore" });
}
