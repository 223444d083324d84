import type { Vertex } from "../graph/vertex.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { baseOf } from "../solve/layer-count.ts";
import type { DistantLayer } from "../solve/ports.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import type { ClientSource } from "./lazy-client.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import { materializeLayers, type ImageLayers } from "./materialize.ts";
import type { BaseResolver } from "./resolve-base.ts";

export interface RestoreOptions {
  readonly resolver: Pick<BaseResolver, "layers">;
  readonly distant: DistantBlobs;
  readonly access: { readonly client: ClientSource; readonly recordOwners: boolean; readonly onProgress: OnProgress };
}

/** Makes what unpacks layers of caches elsewhere upon the base image of a step, and gives the top snapshot. */
export function createRestore(store: Store, { resolver, distant, access }: RestoreOptions): (vertex: Vertex, layers: readonly DistantLayer[], signal: AbortSignal) => Promise<string> {
  return async (vertex, layers, signal) => {
    const base = baseOf(vertex)?.operation;
    const below: ImageLayers = base?.kind === "image" ? resolver.layers(base.reference) : { diffIds: [], descriptors: [], sources: [] };
    const image: ImageLayers = {
      diffIds: [...below.diffIds, ...layers.map(({ diffId }) => diffId)],
      // A base image that was built here has layers without descriptors.
      descriptors: [...below.diffIds.map((_, index) => below.descriptors[index]), ...layers.map(({ blob }) => blob)] as Descriptor[],
      sources: below.sources,
      open: (blob) => {
        const layer = layers.find((each) => each.blob.digest === blob.digest);
        return layer && distant.open(layer);
      },
    };
    const id = `${vertex.digest} layers`;
    const step = { type: "step", id, name: `fetching from ${layers.at(-1)!.cache}: ${vertex.name}`, started: Date.now() } as const;
    access.onProgress(step);
    try {
      return (await materializeLayers(store, image, { ...access, stepId: id, signal }))!;
    } finally {
      access.onProgress({ ...step, completed: Date.now() });
    }
  };
}
