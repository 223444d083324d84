import { authKey, keyPlace, keysOf } from "./auth-key.ts";
import { helperErase, helperGet, helperStore, type HelperOptions, type HelperUse } from "./credential-helper.ts";
import type { Environment } from "./credentials.ts";
import type { Login } from "./given-logins.ts";
import { helperFor } from "./login-sources.ts";
import { dockerConfigFile, readConfig, type AuthConfig } from "./read-config.ts";
import { saveConfig } from "./save-config.ts";
import { withConfigLock } from "./with-config-lock.ts";

export interface KeepOptions extends HelperOptions {
  readonly environment?: Environment;
  /** A file in containers' format to write to, instead of docker's config.json. */
  readonly authFile?: string;
}

/** Where a login was written to or taken from. */
export interface Kept {
  readonly file: string;
  /** The helper that keeps the secret; without one it stands in the file. */
  readonly helper?: HelperUse;
}

/**
 * Keeps a login where docker and every tool that reads its file finds it: with the credential helper that the file names
 * for the host, else in the file. `place` is a host, or with an auth file also the path of a namespace.
 * @throws CREDENTIAL_HELPER, DOCKER_CONFIG_INVALID, LOGIN_NOT_SAVED
 */
export async function saveLogin(place: string, login: Login & { readonly identityToken?: string }, options: KeepOptions = {}): Promise<Kept> {
  const { file, helper } = configFor(place, options);
  const secret = login.identityToken ?? login.password;
  const username = login.identityToken === undefined ? login.username : "<token>";
  if (helper) await helperStore(helper, authKey(place), { username, secret }, options);
  const entry = helper ? {} : {
    auth: Buffer.from(`${login.username}:${login.identityToken === undefined ? login.password : ""}`).toString("base64"),
    ...(login.identityToken === undefined ? {} : { identitytoken: login.identityToken }),
  };
  await withConfigLock(file, () => {
    const config = readConfig(file);
    const key = options.authFile === undefined ? authKey(place) : keysOf(config.auths, keyPlace(place))[0] ?? place;
    saveConfig(file, { ...config, auths: { ...config.auths, [key]: entry } });
  });
  return { file, ...(helper ? { helper } : {}) };
}

/**
 * Forgets the login for a place, with the helper and in the file.
 * @returns undefined when there was none
 * @throws CREDENTIAL_HELPER, DOCKER_CONFIG_INVALID, LOGIN_NOT_SAVED
 */
export async function removeLogin(place: string, options: KeepOptions = {}): Promise<Kept | undefined> {
  const { file, config, helper } = configFor(place, options);
  const keys = keysOf(config.auths, keyPlace(place));
  const kept = { file, ...(helper ? { helper } : {}) };
  if (helper && (keys.length > 0 || (await helperGet(helper, authKey(place), options)))) {
    await helperErase(helper, authKey(place), options);
    if (keys.length === 0) return kept;
  }
  if (keys.length === 0) return undefined;
  await withConfigLock(file, () => {
    const now = readConfig(file);
    saveConfig(file, { ...now, auths: Object.fromEntries(Object.entries(now.auths ?? {}).filter(([key]) => !keys.includes(key))) });
  });
  return kept;
}

/** The file that a login for a place belongs into, and the helper that it names for the host. */
function configFor(place: string, { environment = process.env, authFile }: KeepOptions): { file: string; config: AuthConfig & Record<string, unknown>; helper?: HelperUse } {
  const file = authFile ?? dockerConfigFile(environment);
  const config = readConfig(file);
  const helper = place.includes("/") ? undefined : helperFor(place, { name: file, config });
  return { file, config, ...(helper ? { helper } : {}) };
}
