import { join } from "node:path";
import { fault } from "../../std/fault.ts";
import type { ConfigFolders, Environment } from "./config-folders.ts";
import { readFolder, readToml } from "./read-config.ts";
import { mergeRegistries, parseRegistriesConf, type RegistriesConf } from "./registries-conf.ts";

/** A line that says something of registries or helpers; aliases may have such names as well, as `"registry" = "…"`. */
const NO_ALIAS = /^\s*(?:\[+\s*["']?registr|["']?registr(?:y|ies)["']?\s*(?:\.|=\s*[[{])|["']?credential-helpers["']?\s*=)/;

/**
 * registries.conf and its drop-ins, in containers-registries.conf.d(5)'s order: the file that CONTAINERS_REGISTRIES_CONF
 * names, the user's or the machine's, then the machine's `registries.conf.d` (not beside a file of the user's) and
 * the user's. Aliases are read when they are asked for: distributions ship many of them. What podman remembers of
 * them comes last.
 * @throws ROUTES_INVALID
 */
export async function readRegistriesConf({ etc, user, cache }: ConfigFolders, environment: Environment, { aliases = false } = {}): Promise<RegistriesConf> {
  const named = environment["CONTAINERS_REGISTRIES_CONF"];
  const own = join(user, "containers/registries.conf");
  const files: RegistriesConf[] = [];
  const take = async (file: string): Promise<boolean> => {
    const table = await readToml(file, aliases ? {} : { about: NO_ALIAS });
    if (table) files.push(parseRegistriesConf(table, file));
    return table !== undefined;
  };
  if (named && !(await take(named))) throw fault("ROUTES_INVALID", { file: named, problem: "CONTAINERS_REGISTRIES_CONF names it, but it is not there" });
  const ofUser = !named && (await take(own));
  if (!named && !ofUser) await take(join(etc, "containers/registries.conf"));
  for (const root of ofUser ? [user] : [etc, user]) {
    const folder = join(root, "containers/registries.conf.d");
    for (const name of readFolder(folder)) if (name.endsWith(".conf")) await take(join(folder, name));
  }
  if (aliases) await take(join(cache, "containers/short-name-aliases.conf"));
  return mergeRegistries(files);
}
