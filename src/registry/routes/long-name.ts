import { parseReference } from "../../oci/reference.ts";
import { fault } from "../../std/fault.ts";
import { machineRoutes } from "./machine-routes.ts";
import type { Environment } from "./config-folders.ts";

export interface LongName {
  readonly name: string;
  /** The file whose alias the name comes from; none where it is the one that was written. */
  readonly file?: string;
}

/**
 * What a name means when an image is fetched. A name without a host is Docker Hub's, as with docker, unless
 * registries.conf has an alias for it. Pushing and all that is about images on this machine knows no aliases.
 * @throws ROUTES_INVALID, REFERENCE_INVALID
 */
export async function longName(written: string, environment: Environment = process.env): Promise<LongName> {
  const { host, repository, tag, digest } = parseReference(written, { implicitTag: false });
  const short = written.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  if (host !== "docker.io" || (short !== repository && `library/${short}` !== repository)) return { name: written };
  const alias = (await machineRoutes(environment).aliases()).get(short);
  if (!alias) return { name: written };
  const meant = parseReference(alias.name, { implicitTag: false });
  if (meant.tag !== undefined || meant.digest !== undefined || !alias.name.includes("/")) {
    throw fault("ROUTES_INVALID", { file: alias.file, problem: `the alias ${JSON.stringify(short)} stands for ${JSON.stringify(alias.name)}, which is not a host and a repository without a tag` });
  }
  if (meant.host === host && meant.repository === repository) return { name: written };
  return { name: `${alias.name}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`, file: alias.file };
}

/** What a person is told when a name means something else than docker would take it for. */
export function aliasNote(written: string, { name, file }: LongName): string {
  return `${written} means ${name}: an alias in ${file ?? ""} says so`;
}
