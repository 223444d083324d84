import type { Vertex } from "../graph/vertex.ts";
import type { Digest } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import type { StepKeys } from "../solve/look-up.ts";
import type { Result } from "../solve/ports.ts";
import type { CacheDocument, CachedLayer, CachedResult } from "./cache-document.ts";

/** A layer that can be put into a cache. */
export interface LayerToCache {
  readonly diffId: Digest;
  readonly blob: Descriptor;
}

export interface SolvedSteps {
  readonly targets: readonly Vertex[];
  readonly results: ReadonlyMap<Vertex, Result>;
  readonly keys: ReadonlyMap<Vertex, StepKeys>;
}

/**
 * What a build has learned, as a cache keeps it: a record for each step, and the layers of those that it keeps.
 * @param layersOf the layers of a step's result upon its base image, bottom first; undefined where they are not to be kept
 */
export async function gatherCache(steps: SolvedSteps, layersOf: (vertex: Vertex) => Promise<readonly LayerToCache[] | undefined>): Promise<CacheDocument> {
  const layers: CachedLayer[] = [];
  const places = new Map<string, number>();
  const records: CachedResult[] = [];
  const place = (chain: readonly LayerToCache[]): number | undefined => {
    let parent: number | undefined;
    for (const { diffId, blob } of chain) {
      const name = `${parent ?? ""} ${blob.digest}`;
      let index = places.get(name);
      if (index === undefined) {
        index = layers.push({ diffId, blob: { mediaType: blob.mediaType, digest: blob.digest, size: blob.size }, parent }) - 1;
        places.set(name, index);
      }
      parent = index;
    }
    return parent;
  };
  for (const vertex of stepsBelow(steps.targets)) {
    const known = steps.keys.get(vertex);
    const result = steps.results.get(vertex);
    // What was made with the cache switched off has an identity of its own, which is in its record.
    if (!known || !result) continue;
    const chain = await layersOf(vertex);
    records.push({ keys: [known.key, ...known.aliases.filter((key) => key !== known.key)], resultId: result.resultId, createdAt: result.createdAt, layer: chain && place(chain) });
  }
  return { layers, records };
}

/** All steps that the targets need, those that others build upon first. */
export function stepsBelow(targets: readonly Vertex[]): Vertex[] {
  const seen = new Set<Vertex>();
  const ordered: Vertex[] = [];
  const visit = (vertex: Vertex): void => {
    if (seen.has(vertex)) return;
    seen.add(vertex);
    for (const input of vertex.inputs) if (input) visit(input);
    if (vertex.operation.kind !== "image" && vertex.operation.kind !== "local") ordered.push(vertex);
  };
  targets.forEach(visit);
  return ordered;
}
