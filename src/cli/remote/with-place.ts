import { lazyClient } from "../../build/lazy-client.ts";
import { parseLocation, type Location } from "../../carry/location.ts";
import { openSource } from "../../carry/open-place.ts";
import type { Source } from "../../carry/place.ts";
import type { RegistryClient } from "../../registry/client.ts";
import { withSurroundings } from "../copy/surroundings.ts";
import type { FlagValues } from "../flags/flag.ts";
import { registryAccess, type registryFlags } from "../flags/registry-flags.ts";
import type { Io } from "../io.ts";

export interface RemoteCall {
  readonly flags: FlagValues<typeof registryFlags>;
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** Does work on the place that a word means: a registry, a layout, an archive or the store. */
export async function withPlace<Result>(word: string, { flags, io, signal }: RemoteCall, work: (source: Source, location: Location) => Promise<Result>): Promise<Result> {
  const location = parseLocation(word);
  const access = await registryAccess(flags, location.kind === "registry" ? [location.reference.host] : [], { io, signal });
  return withSurroundings([location], { access: { source: access, target: access }, io, onProgress: () => undefined, signal }, async (around) => {
    await using source = await openSource(location, around, signal);
    return await work(source, location);
  });
}

/** Does work with a client that sees what the registries themselves have. */
export async function withClient<Result>(hosts: readonly string[], { flags, io, signal }: RemoteCall, work: (client: RegistryClient) => Promise<Result>): Promise<Result> {
  await using client = lazyClient({ ...(await registryAccess(flags, hosts, { io, signal })), withoutMirrors: true });
  return await work(await client.get());
}
