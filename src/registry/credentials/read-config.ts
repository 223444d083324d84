import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fault, isFault } from "../../std/fault.ts";
import type { Credential, Environment } from "./credentials.ts";

/** One entry of `auths` in docker's config.json. */
export interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** What of docker's config.json and containers' auth.json is about logins. */
export interface AuthConfig {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** Bytes: nobody keeps so many logins, and what is longer is not read into memory. */
const LONGEST = 8 * 1024 * 1024;

/** Where docker's config.json is. */
export function dockerConfigFile(environment: Environment = process.env): string {
  return join(environment["DOCKER_CONFIG"] || join(environment["HOME"] || homedir(), ".docker"), "config.json");
}

/** Reads docker's config.json or containers' auth.json; an absent or empty file is an empty config. @throws DOCKER_CONFIG_INVALID */
export function readConfig(file: string): AuthConfig & Record<string, unknown> {
  let text: string;
  try {
    if (statSync(file).size > LONGEST) throw fault("DOCKER_CONFIG_INVALID", { file, problem: `it is longer than ${LONGEST} bytes` });
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (isFault(error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return {};
    throw fault("DOCKER_CONFIG_INVALID", { file, problem: `it cannot be read (${code})` }, { cause: error });
  }
  return text.trim() === "" ? {} : parseConfig(text, file);
}

/** Checks the form of a config. The text never becomes part of an error: it holds passwords. @throws DOCKER_CONFIG_INVALID */
export function parseConfig(text: string, file: string): AuthConfig & Record<string, unknown> {
  const invalid = (problem: string): Error => fault("DOCKER_CONFIG_INVALID", { file, problem });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("it is not JSON");
  }
  if (!isObject(value)) throw invalid("it is not a JSON object");
  for (const key of ["auths", "credHelpers"]) {
    const member = value[key];
    if (member !== undefined && member !== null && !isObject(member)) throw invalid(`"${key}" is not an object`);
  }
  for (const [key, entry] of Object.entries((value["auths"] as Record<string, unknown>) ?? {})) {
    if (!isObject(entry) || Object.entries(entry).some(([name, field]) => SECRETS.has(name) && typeof field !== "string")) throw invalid(`the entry for ${key} is not an object of texts`);
  }
  for (const helper of [value["credsStore"] ?? "", ...Object.values((value["credHelpers"] as Record<string, unknown>) ?? {})]) {
    if (typeof helper !== "string" || !/^[\w.+-]*$/.test(helper)) throw invalid("the name of a credential helper is not a plain name");
  }
  return value;
}

/** What an entry holds; undefined for one that is only a mark that the login is elsewhere. @throws DOCKER_CONFIG_INVALID */
export function entryCredential(entry: AuthEntry, key: string, source: string): Credential | undefined {
  let { username, password } = entry;
  if (entry.auth) {
    const text = Buffer.from(entry.auth, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) throw fault("DOCKER_CONFIG_INVALID", { file: source, problem: `"auth" of ${key} is not base64 of user:password` });
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

const SECRETS = new Set(["auth", "username", "password", "identitytoken", "registrytoken"]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
