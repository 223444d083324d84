import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fault } from "../../std/fault.ts";
import type { ServerConfig } from "../config/config-schema.ts";
import { fileBeside } from "../config/values.ts";
import type { Secrets } from "../storage/secrets.ts";
import type { AccessControl } from "./access-control.ts";
import { createAccess } from "./create-access.ts";
import { compileGrants } from "./grants.ts";
import { openPasswordFile } from "./htpasswd.ts";
import { createLogins, type LoginFailure } from "./logins.ts";
import { configuredTokenKeys, rotatingTokenKeys, type TokenKeys } from "./token-keys.ts";
import { createTokens } from "./tokens.ts";

const ROTATION = 30 * 24 * 3_600_000;

/**
 * The access control that the section `access` of a configuration asks for. Keys that it does not name are kept in `keys/` of the registry's folder.
 * @throws SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID
 */
export async function configuredAccess(
  config: ServerConfig & { readonly access: NonNullable<ServerConfig["access"]> },
  options: { configFile: string; root: string; secrets: Secrets; report: (problem: Error) => void; onLoginFailure: (failure: LoginFailure) => void },
): Promise<AccessControl> {
  const { access, token } = config;
  const passwords = access.htpasswd === undefined ? undefined : openPasswordFile(fileBeside(options.configFile, access.htpasswd), options.report);
  const directory = access.ldap === undefined ? undefined : (await import("./ldap-directory.ts")).ldapDirectory(access.ldap, options.configFile);
  const provider = access.oidc === undefined ? undefined : (await import("./oidc-provider.ts")).oidcProvider(access.oidc, options.configFile);
  const keys = token.key === undefined
    ? rotatingTokenKeys(join(options.root, "keys"), { rotation: ROTATION, keep: Math.max(token.expires, token.refresh), report: options.report })
    : await readKey(token.key, options.configFile);
  return createAccess({
    grants: compileGrants(access),
    logins: createLogins({ passwords, directory, provider, secrets: options.secrets, groups: access.groups, loginLimit: access.loginLimit, onFailure: options.onLoginFailure }),
    tokens: createTokens(keys, token),
    secrets: options.secrets,
    service: token.service,
    ...(token.realm === undefined ? {} : { realm: token.realm }),
    ...(config.externalUrl === undefined ? {} : { externalUrl: config.externalUrl }),
  });
}

async function readKey(key: string, configFile: string): Promise<TokenKeys> {
  if (key.includes("-----BEGIN")) return configuredTokenKeys(key, "token.key");
  const file = fileBeside(configFile, key);
  let pem: string;
  try {
    pem = readFileSync(file, "utf8");
  } catch (cause) {
    throw fault("SERVER_CONFIG_UNREADABLE", { file, problem: (cause as Error).message }, { cause });
  }
  return configuredTokenKeys(pem, file);
}
