import type { CredentialSource } from "../registry/credentials/credentials.ts";
import type { MachineRoutes } from "../registry/routes/machine-routes.ts";
import type { RegistriesConf } from "../registry/routes/registries-conf.ts";
import type { ClientAccess } from "./lazy-client.ts";

/** This user's logins as a command line says: only those of one file, one given instead, or none. */
export async function accessCredentials({ logins = new Map(), authFile, anonymous = false }: ClientAccess, given?: MachineRoutes): Promise<CredentialSource> {
  if (anonymous) return (await import("../registry/credentials/credentials.ts")).anonymous;
  const [{ dockerCredentials }, { givenLogins }, { machineRoutes }] = await Promise.all([
    import("../registry/credentials/find-login.ts"), import("../registry/credentials/given-logins.ts"), import("../registry/routes/machine-routes.ts"),
  ]);
  const routes = given ?? machineRoutes(process.env);
  const helpers = async (): Promise<RegistriesConf["credentialHelpers"]> => (await routes.registries()).credentialHelpers;
  return givenLogins(logins, dockerCredentials(process.env, { helpers, ...(authFile === undefined ? {} : { authFile }) }));
}
