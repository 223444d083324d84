import type { RegistryClient } from "../registry/client.ts";

/** Gives the registry client of a command; the first call makes it. */
export type ClientSource = () => Promise<RegistryClient>;

/**
 * A registry client that is made, and whose modules are loaded, when something has to be fetched or sent; with
 * this user's credentials and mirrors.
 */
export function lazyClient(options: { insecure: boolean | readonly string[] }): AsyncDisposable & { get: ClientSource } {
  let client: Promise<RegistryClient> | undefined;
  return {
    get: () => (client ??= makeClient(options)),
    [Symbol.asyncDispose]: async () => void (await (await client?.catch(() => undefined))?.[Symbol.asyncDispose]()),
  };
}

async function makeClient({ insecure }: { insecure: boolean | readonly string[] }): Promise<RegistryClient> {
  const [{ createRegistryClient }, { dockerCredentials }, { parseMirrors }] = await Promise.all([
    import("../registry/client.ts"), import("../registry/credentials/credentials.ts"), import("../registry/routes/mirrors.ts"),
  ]);
  return createRegistryClient({ credentials: dockerCredentials(process.env), mirrors: parseMirrors(process.env["SAMPAN_REGISTRY_MIRRORS"]), insecure });
}
