import { helperStore } from "./credential-helper.ts";
import type { Environment } from "./credentials.ts";
import type { LoginPlace } from "./find-login.ts";
import { readConfig } from "./read-config.ts";
import { saveConfig } from "./save-config.ts";
import { withConfigLock } from "./with-config-lock.ts";

/**
 * Keeps the identity token that a token server gave in exchange for the one that stands there, which may be void now. What
 * somebody changed in the meantime, and what is no file, stays as it is.
 * @throws CREDENTIAL_HELPER, DOCKER_CONFIG_INVALID, LOGIN_NOT_SAVED
 */
export async function renewLogin({ file, key, helper }: LoginPlace, old: string, identityToken: string, environment: Environment): Promise<void> {
  if (helper) return helperStore(helper, key, { username: "<token>", secret: identityToken }, { environment });
  if (!file.startsWith("/")) return;
  await withConfigLock(file, () => {
    const config = readConfig(file);
    const entry = config.auths?.[key];
    if (entry === undefined || entry.identitytoken !== old) return;
    saveConfig(file, { ...config, auths: { ...config.auths, [key]: { ...entry, identitytoken: identityToken } } });
  });
}
