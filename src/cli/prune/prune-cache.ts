import type { Contents } from "../../store/contents.ts";
import { cacheBytes, chooseEvictions, type Evictions } from "../../store/evict.ts";
import { shortId } from "../images/image-rows.ts";
import { mountId } from "../system/usage-rows.ts";
import { freeBytes, keepBytes, type SpaceLimits } from "./keep-bytes.ts";

export interface CacheChoice {
  /** To be called in the transaction that removes it. */
  choose(contents: Contents): Evictions;
  /** Ids of what was chosen. */
  lines(): string[];
}

/** What of the cache a prune may remove. */
export interface CacheFilters {
  /** Only what was not used since then, in milliseconds since the epoch. */
  readonly until?: number | undefined;
  readonly types?: ReadonlySet<string> | undefined;
}

/** Which cache a prune removes. @param options.all without limits, records go as well that free nothing */
export function cacheChoice({ root, all, until, types, limits }: CacheFilters & { root: string; all: boolean; limits: SpaceLimits }): CacheChoice {
  const limited = Object.values(limits).some((limit) => limit !== undefined);
  let chosen: Evictions = { records: [], images: [], blobs: [] };
  return {
    choose: (contents) => {
      const bytes = limited ? keepBytes(limits, { cache: cacheBytes(contents), free: freeBytes(root) }) : 0;
      return (chosen = chooseEvictions(contents, { keep: { of: "cache", bytes }, usedBefore: until, ...(types === undefined ? {} : { only: (candidate) => types.has(candidate.mount === undefined ? "regular" : "exec.cachemount") }), shared: all && !limited }));
    },
    lines: () => [...[...chosen.records, ...chosen.blobs].map(shortId), ...(chosen.mounts ?? []).map(mountId)],
  };
}
