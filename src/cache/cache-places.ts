import { resolve } from "node:path";
import type { Sink } from "../carry/place.ts";
import { familiarReference, parseReference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import type { CacheExport, CacheImport } from "./cache-options.ts";
import type { CachePlace } from "./imported-caches.ts";
import { manifestKeys } from "./s3/object-keys.ts";

export interface PlaceAccess {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** To read from registries, with their mirrors; `insecure` for one that says so. */
  readonly client: () => Promise<RegistryClient>;
}

/** What messages call the place of a cache. */
export function nameOfCache(cache: CacheImport | Exclude<CacheExport, { type: "inline" }>): string {
  switch (cache.type) {
    case "registry":
      return familiarReference(parseReference(cache.ref));
    case "local":
      return "src" in cache ? `${cache.src}${cache.digest ? `@${cache.digest}` : cache.tag ? `:${cache.tag}` : ""}` : `${cache.dest}${cache.tag ? `:${cache.tag}` : ""}`;
    case "s3":
      return `s3://${cache.bucket}/${manifestKeys(cache).join(";")}`;
  }
}

/** The tag of a cache in a folder. */
const DEFAULT_TAG = "latest";

/** The place of a cache to be read. */
export function importPlace(cache: CacheImport, access: PlaceAccess): CachePlace {
  const name = nameOfCache(cache);
  return {
    name,
    async open() {
      switch (cache.type) {
        case "registry": {
          const { registrySource } = await import("../carry/places/registry-source.ts");
          return registrySource(await access.client(), parseReference(cache.ref));
        }
        case "local": {
          const [{ layoutSource }, { folderFiles }] = await Promise.all([import("../carry/places/layout-source.ts"), import("../carry/places/layout-files.ts")]);
          return layoutSource(folderFiles(resolve(access.cwd, cache.src)), { name, tag: cache.digest ?? cache.tag ?? DEFAULT_TAG });
        }
        case "s3":
          return (await import("./s3/s3-source.ts")).s3Source(cache, { name, environment: access.environment });
      }
    },
  };
}

/** The place of a cache to be written. */
export async function openExport(cache: Exclude<CacheExport, { type: "inline" }>, access: PlaceAccess, signal: AbortSignal): Promise<Sink> {
  switch (cache.type) {
    case "registry":
      return (await import("../carry/places/registry-sink.ts")).registrySink(await access.client(), parseReference(cache.ref));
    case "local":
      return (await import("../carry/places/layout-sink.ts")).layoutSink(resolve(access.cwd, cache.dest), cache.tag ?? DEFAULT_TAG, signal);
    case "s3":
      return (await import("./s3/s3-sink.ts")).s3Sink(cache, { name: nameOfCache(cache), environment: access.environment });
  }
}
