import { createRegistryClient, type RegistryClient } from "../registry/client.ts";
import { dockerCredentials } from "../registry/credentials.ts";
import { parseMirrors } from "../registry/mirrors.ts";

/** A registry client that is made when first needed, with this user's credentials and mirrors. */
export function lazyClient(options: { insecure: boolean | readonly string[] }): AsyncDisposable & { get: () => RegistryClient } {
  let client: RegistryClient | undefined;
  return {
    get: () => (client ??= createRegistryClient({
      credentials: dockerCredentials(process.env),
      mirrors: parseMirrors(process.env["SAMPAN_REGISTRY_MIRRORS"] ?? ""),
      insecure: options.insecure,
    })),
    [Symbol.asyncDispose]: async () => void (await client?.[Symbol.asyncDispose]()),
  };
}
