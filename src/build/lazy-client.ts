import type { RegistryClient } from "../registry/client.ts";
import type { OnMirrorFailure } from "../registry/routes/places.ts";
import type { Login } from "../registry/credentials/given-logins.ts";
import type { UploadJournal } from "../registry/requests/upload-journal.ts";

/** Gives the registry client of a command; the first call makes it. */
export type ClientSource = () => Promise<RegistryClient>;

/** What a person says about access to registries, beside what files and the environment hold. */
export interface ClientAccess {
  /** Hosts (all, when true) to speak plain HTTP to, or not to check certificates of. */
  readonly insecure?: boolean | readonly string[];
  /** By host: used there before what is kept for it, and nowhere else. */
  readonly logins?: ReadonlyMap<string, Login>;
  /** For a client that is to see what a registry itself has, and no mirror of it. */
  readonly withoutMirrors?: boolean;
  /** Never log in. */
  readonly anonymous?: boolean;
  /** The only file to look for logins in, in docker's or containers' format. */
  readonly authFile?: string;
  /** Told when a mirror has trouble and the next place is asked. */
  readonly onMirrorFailure?: OnMirrorFailure;
}

/**
 * A registry client that is made, and whose modules are loaded, when something has to be fetched or sent; with
 * this user's credentials and routes.
 * @param access.journal where uploads are noted, for who pushes: the store's
 */
export function lazyClient(access: ClientAccess & { readonly journal?: UploadJournal }): AsyncDisposable & { get: ClientSource } {
  let client: Promise<RegistryClient> | undefined;
  return {
    get: () => (client ??= makeClient(access)),
    [Symbol.asyncDispose]: async () => void (await (await client?.catch(() => undefined))?.[Symbol.asyncDispose]()),
  };
}

async function makeClient({ journal, ...access }: Parameters<typeof lazyClient>[0]): Promise<RegistryClient> {
  const [{ createRegistryClient }, { accessCredentials }, { machineRoutes }] = await Promise.all([
    import("../registry/client.ts"), import("./access-credentials.ts"), import("../registry/routes/machine-routes.ts"),
  ]);
  const { insecure = false, withoutMirrors = false, onMirrorFailure } = access;
  const routes = machineRoutes(process.env);
  const credentials = await accessCredentials(access, routes);
  return createRegistryClient({ credentials, routes, insecure, withoutMirrors, ...(journal ? { journal } : {}), ...(onMirrorFailure ? { onMirrorFailure } : {}) });
}
