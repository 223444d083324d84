import { describeKeep } from "../retention/describe-keep.ts";
import { presetKeep } from "../retention/retention-rule.ts";
import { fault } from "../std/fault.ts";
import { doubtfulAccess } from "./access/doubtful-access.ts";
import { hasKeysOfItsOwn } from "./access/keys-of-its-own.ts";
import { keyNames } from "./signatures/describe-demand.ts";
import { readKeys } from "./signatures/signature-policy.ts";
import { openPasswordFile } from "./access/htpasswd.ts";
import { readConfigFile } from "./config/read-config.ts";
import { fileBeside, readNamedFile } from "./config/values.ts";

/**
 * Checks a configuration and the files that it names, and says what it comes to, line by line.
 * @throws SERVER_CONFIG_UNREADABLE, SERVER_CONFIG_INVALID
 */
export async function checkConfig(file: string): Promise<readonly string[]> {
  const config = readConfigFile(file);
  const { access, tls, token, proxy, retention, signatures, replication } = config;
  if (tls !== undefined) {
    const { readTlsFiles } = await import("./tls-files.ts");
    readTlsFiles(tls, file);
  }
  const passwords = access?.htpasswd === undefined ? undefined : openPasswordFile(fileBeside(file, access.htpasswd), (problem) => {
    throw problem;
  });
  if (access?.ldap !== undefined) (await import("./access/ldap-directory.ts")).ldapDirectory(access.ldap, file);
  for (const named of [...proxy, ...replication].flatMap(({ ca, passwordFile }) => [ca, passwordFile])) if (named !== undefined) readNamedFile(file, named);
  if (access?.oidc !== undefined) (await import("./access/oidc-provider.ts")).oidcProvider(access.oidc, file);
  if (token.key !== undefined) {
    const { configuredTokenKeys } = await import("./access/token-keys.ts");
    const inline = token.key.includes("-----BEGIN");
    await configuredTokenKeys(inline ? token.key : readNamedFile(file, token.key), inline ? "token.key" : token.key);
  }
  const mirrors = proxy.map(({ prefix, repositories, upstream, username }) =>
    `${repositories?.join(", ") ?? `${prefix}**`}: copies of ${upstream}, as ${username ?? "nobody in particular"}`);
  for (const { keys } of signatures) if (keys) readKeys(keys, file);
  const copies = replication.map(({ to, from, repositories, username }) => `${repositories.join(", ")}: copied ${to === undefined ? `from ${from}` : `to ${to}`}, as ${username ?? "nobody in particular"}`);
  const demands = signatures.map(({ repositories, keys }) => `${repositories.join(", ")}: only what is signed ${keys === undefined ? "by anybody" : `with ${keyNames(keys).join(" or ")}`}`);
  const rules = retention.rules.map(({ repositories, tags, preset, keep }) =>
    `${repositories.join(", ")}: of ${tags?.join(", ") ?? "all tags"} only these stay: ${describeKeep(preset === undefined ? keep! : presetKeep(preset)!)}`);
  if (access === undefined) return [`${file} is valid`, `access: everybody ${tls?.clients === undefined ? "" : "with a client certificate "}may do everything`, ...mirrors, ...copies, ...demands, ...rules];
  return [
    `${file} is valid`,
    ...access.grants.map(({ who, role, repositories }) => `${who.join(", ")}: ${role} in ${repositories.join(", ")}`),
    ...mirrors,
    ...copies,
    ...demands,
    ...rules,
    ...doubtfulAccess({ access, tls }, passwords?.names()).map((doubt) => `warning: ${doubt}`),
    ...(hasKeysOfItsOwn(config) ? [fault("SERVER_KEYS_DIFFER", {}).message] : []),
    ...(access.grants.length === 0 ? ["access: nobody may do anything, since there are no grants"] : []),
  ];
}
