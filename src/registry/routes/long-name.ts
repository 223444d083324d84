import { parseReference } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";
import { machineRoutes } from "./machine-routes.ts";
import type { Environment } from "./config-folders.ts";
import type { RegistriesConf } from "./registries-conf.ts";

export interface LongName {
  readonly name: string;
  /** The file that the name comes from; none where it is the one that was written. */
  readonly file?: string;
  /** What in that file says so. */
  readonly by?: "alias" | "search";
}

/**
 * What a name means when an image is fetched. A name without a host is Docker Hub's, as with docker, unless
 * registries.conf has an alias for it, or looks for such names elsewhere and not at Docker Hub. What a name means never depends on
 * which registry happens to answer. Pushing and all that is about images on this machine knows nothing of this.
 * @throws ROUTES_INVALID, REFERENCE_INVALID, NAME_AMBIGUOUS
 */
export async function longName(written: string, environment: Environment = process.env): Promise<LongName> {
  const { host, repository, tag, digest } = parseReference(written, { implicitTag: false });
  const short = written.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  if (host !== "docker.io" || (short !== repository && `library/${short}` !== repository)) return { name: written };
  const { aliases, search } = await machineRoutes(environment).shortNames();
  const alias = aliases.get(short);
  if (!alias) return searched(written, short, search);
  const meant = parseReference(alias.name, { implicitTag: false });
  if (meant.tag !== undefined || meant.digest !== undefined || !alias.name.includes("/")) {
    throw fault("ROUTES_INVALID", { file: alias.file, problem: `the alias ${JSON.stringify(short)} stands for ${JSON.stringify(alias.name)}, which is not a host and a repository without a tag` });
  }
  if (meant.host === host && meant.repository === repository) return { name: written };
  return { name: `${alias.name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`, file: alias.file, by: "alias" };
}

function searched(written: string, short: string, search: RegistriesConf["search"]): LongName {
  const hosts = [...new Set(search?.hosts)];
  if (search === undefined || hosts.length === 0 || hosts.some((host) => /^(?:docker\.io|(?:index|registry-1)\.docker\.io)$/.test(host))) return { name: written };
  const names = hosts.map((host) => `${host.replace(/\/+$/, "")}/${written}`);
  if (names.length > 1) throw fault("NAME_AMBIGUOUS", { name: short, file: search.file, names });
  return { name: names[0]!, file: search.file, by: "search" };
}

/** What a person is told when a name means something else than docker would take it for. */
export function aliasNote(written: string, { name, file, by }: LongName): string {
  return `${written} means ${name}: ${by === "search" ? "unqualified-search-registries" : "an alias"} in ${file ?? ""} says so`;
}
