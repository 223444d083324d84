import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/manifest.ts";
import { createBoundedCache } from "../storage/bounded-cache.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { Proxied } from "./proxied.ts";
import { createSingleFlight } from "./single-flight.ts";

/** Bytes for remembering lists. */
const LISTS = 8 * 1024 * 1024;
/** Of one list: what an answer of the protocol may have. */
const MOST = 1000;
const LARGEST = 4 * 1024 * 1024;

/** What refers to manifests of repositories that come from elsewhere; what is known here where nobody answers. */
export function mirroredReferrers({ metadata }: RegistryStorage): (proxied: Proxied, repository: string, digest: Digest) => Promise<readonly Descriptor[]> {
  const flight = createSingleFlight<readonly Descriptor[]>();
  const lists = createBoundedCache<{ readonly items: readonly Descriptor[]; readonly at: number }>(LISTS);
  return async ({ state, registry, rule, nameThere }, repository, digest) => {
    const key = `${repository}@${digest}`;
    const known = lists.get(key);
    if (known && (Date.now() - known.at < rule.ttl || state.rests(`${key} referrers`))) return known.items;
    try {
      return await flight(key, () => state.ask(`${key} referrers`, "NAME_UNKNOWN", async () => {
        const { items, bytes } = bounded(await registry.referrerList(nameThere(repository), digest));
        lists.set(key, { items, at: Date.now() }, bytes + 2 * key.length + 300);
        return items;
      }));
    } catch {
      return known?.items ?? (await metadata.referrers(repository, digest, { limit: MOST })).items;
    }
  };
}

function bounded(listed: readonly Descriptor[]): { items: readonly Descriptor[]; bytes: number } {
  const items: Descriptor[] = [];
  let bytes = 0;
  const unique = new Map(listed.map((descriptor) => [descriptor.digest, descriptor]));
  for (const descriptor of [...unique.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1)).slice(0, MOST)) {
    bytes += 2 * JSON.stringify(descriptor).length;
    if (bytes > LARGEST) break;
    items.push(descriptor);
  }
  return { items, bytes };
}
