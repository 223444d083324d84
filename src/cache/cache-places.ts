import { resolve } from "node:path";
import type { Sink } from "../carry/place.ts";
import { familiarReference, parseReference } from "../oci/reference.ts";
import type { RegistryClient } from "../registry/client.ts";
import { fault } from "../std/fault.ts";
import type { CacheExport, CacheImport } from "./cache-options.ts";
import type { CachePlace } from "./imported-caches.ts";

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
      return `s3://${cache.bucket}/${cache.prefix ?? ""}${cache.manifestsPrefix ?? "manifests/"}${(cache.names ?? [DEFAULT_NAME]).join(";")}`;
  }
}

/** The name of a cache in S3 where none is said. */
export const DEFAULT_NAME = "sampan";
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
          throw fault("NOT_SUPPORTED", { feature: "a cache of type s3", hint: "use a registry" });
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
      throw fault("NOT_SUPPORTED", { feature: "a cache of type s3", hint: "use a registry" });
  }
}
