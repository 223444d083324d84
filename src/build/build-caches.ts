import type { CacheExport, CacheImport } from "../cache/cache-options.ts";
import type { ImportedCaches } from "../cache/imported-caches.ts";
import type { Platform } from "../oci/platform.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { OnProgress } from "../std/progress.ts";

export interface CacheAccess {
  readonly cwd: string;
  readonly client: () => Promise<RegistryClient>;
  readonly platform: Platform;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** The caches that a build asks; what reads them is loaded when there are any. */
export async function importCaches(caches: readonly CacheImport[] | undefined, access: CacheAccess): Promise<ImportedCaches | undefined> {
  if (!caches?.length) return undefined;
  const [{ ImportedCaches: Caches }, { importPlace }] = await Promise.all([import("../cache/imported-caches.ts"), import("../cache/cache-places.ts")]);
  const places = caches.map((cache) => importPlace(cache, { ...access, environment: process.env }));
  return new Caches([...new Map(places.map((place) => [place.name, place])).values()], access);
}

/** Hosts of caches that may be spoken to without TLS. */
export function insecureHosts(caches: readonly (CacheImport | CacheExport)[]): string[] {
  return caches.flatMap((cache) => (cache.type === "registry" && cache.insecure ? [cache.ref.split("/", 1)[0]!] : []));
}
