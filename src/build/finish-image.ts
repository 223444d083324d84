import { chainIds } from "../oci/chain-id.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import { serializeImageConfig, type HistoryEntry, type ImageConfig } from "../oci/image-config.ts";
import { formatTime, goTime, noLater } from "../oci/time.ts";
import type { BuildGraph } from "../graph/build-graph.ts";
import type { HistoryStep } from "../graph/stage-state.ts";
import type { ImageOperation, Vertex } from "../graph/vertex.ts";
import type { Store } from "../store/open-store.ts";
import type { OwnLayer, SnapshotsNow } from "./layer-packing.ts";

export interface FinishedImage {
  readonly id: Digest;
  readonly config: Uint8Array;
  readonly diffIds: readonly Digest[];
}

const COMMENT = "buildkit.dockerfile.v0";
const EXPORTER_COMMENT = "buildkit.exporter.image.v0";

/** The vertices that make layers of the target itself, in image order, without its base image. */
export function layerVertices(graph: BuildGraph): Vertex[] {
  return graph.history.flatMap((step) => (step.kind === "layer" ? [step.vertex] : []));
}

/**
 * Puts the config together from the graph and what its layers became, and links each new snapshot to
 * its ChainID, so that later builds FROM this image find it unpacked.
 */
export function finishImage(
  store: Store,
  graph: BuildGraph,
  results: Pick<SnapshotsNow, "get">,
  layers: readonly OwnLayer[],
  options: { readonly now: number; readonly inlineCache?: ((baseLayers: number) => Record<string, unknown>) | undefined },
): FinishedImage {
  const base = graph.baseVertex?.operation.kind === "image" ? graph.baseVertex.operation : undefined;
  const below = base?.diffIds ?? [];
  const diffIds: readonly Digest[] = [...below, ...layers.map(({ diffId }) => diffId)];
  const chain = chainIds(diffIds);
  store.snapshots.describeAll(layers.flatMap(({ diffId, size, snapshot }, index) => (snapshot === undefined ? [] : [{ id: snapshot, diffId, chainId: chain[below.length + index]!, size }])));
  const history = finishHistory(graph, results, base, options.now);
  const created = history.findLast((entry) => entry.created !== undefined)?.created;
  const config: ImageConfig = {
    ...graph.platform,
    ...(created ? { created } : {}),
    ...(graph.author ? { author: graph.author } : {}),
    config: graph.config,
    rootfs: { type: "layers", diff_ids: diffIds },
    history,
    ...options.inlineCache?.(base?.diffIds.length ?? 0),
  };
  const bytes = serializeImageConfig(config);
  return { id: sha256(bytes), config: bytes, diffIds };
}

/** An entry without layer gets the time of the first new layer, before there is one that of the previous entry. */
function finishHistory({ history: steps, epoch }: BuildGraph, results: Pick<SnapshotsNow, "get">, base: ImageOperation | undefined, now: number): HistoryEntry[] {
  const timestamp = (milliseconds: number): string => formatTime(epoch === undefined ? milliseconds : Math.min(milliseconds, epoch * 1000));
  const firstLayer = steps.find((step) => step.kind === "layer");
  const firstTime = firstLayer ? timestamp(results.get(firstLayer.vertex)!.createdAt) : undefined;
  const inherited = steps.flatMap((step) => (step.kind === "inherited" ? [step.entry] : []));
  const described = inherited.filter((entry) => !entry.empty_layer).length;
  const history: HistoryEntry[] = inherited.map((entry) => (entry.created === undefined ? entry : { ...entry, created: goTime(entry.created) }));
  let previous = history.at(-1)?.created;
  for (const step of steps) {
    if (step.kind === "inherited" || step.createdBy === undefined) continue;
    const created = step.kind === "layer" ? timestamp(results.get(step.vertex)!.createdAt) : (firstTime ?? (previous === undefined ? undefined : noLater(previous, epoch)) ?? timestamp(now));
    history.push({
      created,
      created_by: step.createdBy,
      comment: COMMENT,
      ...(step.kind === "empty" ? { empty_layer: true } : {}),
    });
    previous = created;
  }
  return [...history, ...missingEntries(steps, base, described, previous)];
}

/** Where fewer layers are told of than there are, BuildKit's exporter describes that many of the last layers at the end. */
function missingEntries(steps: readonly HistoryStep[], base: ImageOperation | undefined, described: number, created: string | undefined): HistoryEntry[] {
  const names = [
    ...(base?.diffIds ?? []).map(() => `pulled from ${base!.reference.replace(/@.*/, "")}`),
    ...steps.flatMap((step) => (step.kind === "layer" ? [step.vertex.name] : [])),
  ];
  const untold = steps.filter((step) => step.kind === "layer" && step.createdBy === undefined).length;
  const missing = untold + (base?.diffIds.length ?? 0) - described;
  return missing <= 0 ? [] : names.slice(-missing).map((name) => ({ ...(created ? { created } : {}), created_by: name, comment: EXPORTER_COMMENT }));
}
