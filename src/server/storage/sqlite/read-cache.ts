import type { Digest } from "../../../oci/digest.ts";
import { createBoundedCache, type BoundedCache } from "../bounded-cache.ts";
import { costOfList } from "../cost-of-list.ts";
import type { Listed, StoredManifest } from "../records.ts";
import type { RegistryDatabase } from "./registry-database.ts";

const MEBIBYTE = 1024 * 1024;
/** What an entry of a map costs besides its content, about. */
const OVERHEAD = 200;

export interface CachedRepository {
  readonly id: number;
  /** Part of the keys of its lists: a new number forgets them all. */
  generation: number;
}

export interface CachedBlob {
  readonly size: number;
  readonly leasedUntil: number;
}

/**
 * What was read lately, within bounds: answers to the requests that registries get most. Filled by reads, and emptied where
 * this process changes something; all of it when another process has written. Keys begin with the name of the repository.
 */
export interface ReadCache {
  readonly repositories: BoundedCache<CachedRepository>;
  /** By `name@digest`. */
  readonly manifests: BoundedCache<StoredManifest>;
  /** By `name:tag`. */
  readonly tags: BoundedCache<Digest>;
  /** By `name@digest`. */
  readonly blobs: BoundedCache<CachedBlob>;
  /** The list `key` of a generation; read when it is not known. */
  list<Item>(key: string, generation: number, read: () => Listed<Item>): Listed<Item>;
  /** A number that was never used before. */
  newGeneration(): number;
  /** The generation of the list of all repositories. */
  catalog: number;
}

export function createReadCache(database: RegistryDatabase): ReadCache {
  const lists = createBoundedCache<Listed<unknown>>(6 * MEBIBYTE);
  let generations = 0;
  const newGeneration = (): number => (generations += 1);
  const cache: ReadCache = {
    repositories: createBoundedCache(MEBIBYTE),
    manifests: createBoundedCache(6 * MEBIBYTE),
    tags: createBoundedCache(3 * MEBIBYTE),
    blobs: createBoundedCache(3 * MEBIBYTE),
    catalog: newGeneration(),
    newGeneration,
    list<Item>(key: string, generation: number, read: () => Listed<Item>): Listed<Item> {
      const full = `${generation} ${key}`;
      const known = lists.get(full) as Listed<Item> | undefined;
      if (known) return known;
      const found = read();
      lists.set(full, found, costOfList(found.items) + 2 * full.length + OVERHEAD);
      return found;
    },
  };
  database.watch(() => {
    for (const part of [cache.repositories, cache.manifests, cache.tags, cache.blobs, lists]) part.clear();
    cache.catalog = newGeneration();
  });
  return cache;
}

export function costOfManifest(manifest: StoredManifest): number {
  return manifest.bytes.length + 5 * OVERHEAD;
}

export const COST_OF_NAME = 2 * OVERHEAD;
