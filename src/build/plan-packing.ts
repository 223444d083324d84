import type { CacheExport } from "../cache/cache-options.ts";
import type { Vertex } from "../graph/vertex.ts";
import { GZIP, type Packing } from "./packing.ts";
import type { PackingJob } from "./layer-packing.ts";
import type { PushAhead } from "./push-ahead.ts";

export interface PackingPlan {
  /** The vertices that make layers of the image. */
  readonly target: ReadonlySet<Vertex>;
  /** How the image's layers are packed; undefined where tars are only hashed. */
  readonly packing: Packing | undefined;
  /** Sends layers to where the image will be pushed. */
  readonly ahead: PushAhead;
  readonly cacheTo: readonly CacheExport[];
  /** Sends layers to where caches will be written. */
  readonly cacheAhead: PushAhead | undefined;
}

/**
 * Which layers are packed as soon as they are there, how, and who gets them: those of the image for where it goes, and those
 * that caches will keep for their registries. Layers that the image brings to the same registry are mounted there in the end.
 */
export function planPacking({ target, packing, ahead, cacheTo, cacheAhead }: PackingPlan): (vertex: Vertex) => PackingJob | undefined {
  const written = cacheTo.filter((cache) => cache.type !== "inline");
  const all = written.some(({ mode }) => mode === "max");
  const form = written[0] && (written[0].packing ?? GZIP);
  const mounted = cacheAhead?.places.every(({ host }) => ahead.places.some((place) => place.host === host)) ?? true;
  const both = { stream: (blob) => [ahead, cacheAhead!].forEach((taker) => taker.stream(blob)), add: (blob) => [ahead, cacheAhead!].forEach((taker) => taker.add(blob)) } satisfies PackingJob["taker"];
  return (vertex) => {
    if (target.has(vertex)) return { packing: packing ?? form, taker: mounted ? ahead : both };
    return all && form && cacheAhead ? { packing: form, taker: cacheAhead } : undefined;
  };
}

/** Registries that layers go to while the build goes on. */
export function cacheReferences(cacheTo: readonly CacheExport[]): string[] {
  return cacheTo.flatMap((cache) => (cache.type === "registry" ? [cache.ref] : []));
}
