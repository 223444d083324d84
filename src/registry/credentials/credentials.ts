import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fault } from "../../std/fault.ts";

/** What proves who we are to one registry. */
export interface Credential {
  readonly username?: string;
  readonly password?: string;
  /** A refresh token, exchanged for access tokens by OAuth2. */
  readonly identityToken?: string;
  /** Sent as Bearer as it is. */
  readonly registryToken?: string;
  /** The file or variable that it came from, for messages. */
  readonly source: string;
}

/** Where credentials come from; asked at most once per repository, and only when the registry wants one. */
export interface CredentialSource {
  /** `repository` is missing for what concerns the host alone. @throws CREDENTIAL_HELPER, DOCKER_CONFIG_INVALID */
  find(host: string, repository?: string): Credential | undefined | Promise<Credential | undefined>;
}

/** No credentials at all. */
export const anonymous: CredentialSource = { find: () => undefined };

/** One entry of `auths` in docker's config.json. */
export interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Logins as docker keeps them (registry reference § 5.1): the variable DOCKER_AUTH_CONFIG, then
 * `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
 */
export function dockerCredentials(environment: Environment = process.env): CredentialSource {
  return {
    find: (host) => fromVariable(environment["DOCKER_AUTH_CONFIG"], host) ?? fromFile(dockerConfigFile(environment), host),
  };
}

/** Where docker's config.json is. */
export function dockerConfigFile(environment: Environment = process.env): string {
  return join(environment["DOCKER_CONFIG"] || join(environment["HOME"] || homedir(), ".docker"), "config.json");
}

/** The key that docker uses for a host: Docker Hub has an old one. */
export function authKey(host: string): string {
  return host === "docker.io" || host === "index.docker.io" || host === "registry-1.docker.io" ? "https://index.docker.io/v1/" : host;
}

/** The entry of a host: by its exact key, else by a key that is a URL of that host. */
export function findEntry<Entry>(entries: Readonly<Record<string, Entry>> | undefined, host: string): Entry | undefined {
  const [key] = findKeys(entries, host);
  return key === undefined ? undefined : entries![key];
}

/** All keys that mean a host, the exact one first. */
export function findKeys(entries: Readonly<Record<string, unknown>> | undefined, host: string): string[] {
  const key = authKey(host);
  const keys = Object.keys(entries ?? {}).filter((name) => name === key || keyHost(name) === keyHost(key));
  return keys.sort((a, b) => Number(b === key) - Number(a === key));
}

/** Reads docker's config.json; an absent or empty file is an empty config. @throws DOCKER_CONFIG_INVALID */
export function readDockerConfig(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw fault("DOCKER_CONFIG_INVALID", { file, problem: `it cannot be read (${code})` }, { cause: error });
  }
  return text.trim() === "" ? {} : parseConfig(text, file);
}

function fromVariable(text: string | undefined, host: string): Credential | undefined {
  if (!text) return undefined;
  const source = "DOCKER_AUTH_CONFIG";
  const config = parseConfig(text, source);
  const other = Object.keys(config).find((key) => key !== "auths");
  if (other !== undefined) throw fault("DOCKER_CONFIG_INVALID", { file: source, problem: `it may hold "auths" only, not ${JSON.stringify(other)}` });
  const entry = findEntry((config as DockerConfig).auths, host);
  if (!entry) return undefined;
  if (!entry.auth) throw fault("DOCKER_CONFIG_INVALID", { file: source, problem: `the entry for ${host} has no "auth"` });
  return toCredential(entry, source, host);
}

function fromFile(file: string, host: string): Credential | undefined {
  const config = readDockerConfig(file) as DockerConfig;
  const helper = findEntry(config.credHelpers, host);
  if (helper) throw fault("CREDENTIAL_HELPER", { helper, host, file, key: "credHelpers" });
  const entry = findEntry(config.auths, host);
  if (!entry) return undefined;
  // docker leaves an empty entry behind for what its store keeps.
  if (config.credsStore) throw fault("CREDENTIAL_HELPER", { helper: config.credsStore, host, file, key: "credsStore" });
  return toCredential(entry, file, host);
}

function toCredential(entry: AuthEntry, source: string, host: string): Credential | undefined {
  let { username, password } = entry;
  if (entry.auth) {
    const text = Buffer.from(entry.auth, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) throw fault("DOCKER_CONFIG_INVALID", { file: source, problem: `"auth" of ${host} is not base64 of user:password` });
    username = text.slice(0, colon);
    password = text.slice(colon + 1).replace(/\0+$/, "");
  }
  const identityToken = entry.identitytoken || (username === "<token>" ? password : undefined);
  const credential: Credential = {
    ...(username && username !== "<token>" ? { username } : {}),
    ...(password && password !== identityToken ? { password } : {}),
    ...(identityToken ? { identityToken } : {}),
    ...(entry.registrytoken ? { registryToken: entry.registrytoken } : {}),
    source,
  };
  return Object.keys(credential).length > 1 ? credential : undefined;
}

function parseConfig(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault("DOCKER_CONFIG_INVALID", { file, problem: "it is not JSON" }, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault("DOCKER_CONFIG_INVALID", { file, problem: "it is not a JSON object" });
  for (const key of ["auths", "credHelpers"]) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined && (typeof member !== "object" || member === null)) throw fault("DOCKER_CONFIG_INVALID", { file, problem: `"${key}" is not an object` });
  }
  return value as Record<string, unknown>;
}

function keyHost(key: string): string {
  const host = key.replace(/^https?:\/\//, "").replace(/\/.*$/, "").toLowerCase();
  return host === "docker.io" || host === "registry-1.docker.io" ? "index.docker.io" : host;
}
