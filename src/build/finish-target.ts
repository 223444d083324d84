import type { SolvedSteps } from "../cache/gather-cache.ts";
import type { ImportedCaches } from "../cache/imported-caches.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { Result } from "../solve/ports.ts";
import type { Solved } from "../solve/solve.ts";
import type { BuildResult } from "./build-options.ts";
import type { BuildSession } from "./build-session.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import { finishImage, type FinishedImage } from "./finish-image.ts";
import type { LayerPacking, OwnLayer, SnapshotsNow } from "./layer-packing.ts";
import { keepLayers } from "./materialize.ts";
import type { PreparedTarget } from "./prepare-target.ts";
import type { BuildRunner } from "./runner.ts";
import { settleLayers } from "./settle-layers.ts";

export interface SolvedBuild {
  readonly runner: BuildRunner;
  readonly solved: Solved;
  readonly packing: LayerPacking;
  readonly imported: ImportedCaches | undefined;
  readonly distant: DistantBlobs;
}

/** Makes the image of a solved target, and writes its outputs and caches. */
export async function finishTarget(session: BuildSession, target: PreparedTarget, { runner, solved, packing, imported, distant }: SolvedBuild): Promise<BuildResult> {
  const { store, client } = session;
  const { options, plan, names, platform, graph, ahead, onProgress } = target;
  const { cacheTo = [] } = options;
  const access = { ...session.access, onProgress };
  const { signal } = access;
  const cwd = options.cwd ?? process.cwd();
  const resultOf = (vertex: Vertex): Result => solved.results.get(vertex)!;
  const results: SnapshotsNow = { get: resultOf, snapshotNow: (vertex) => runner.snapshotNow(vertex, resultOf(vertex)) };
  const stored = plan.outputs.some(({ type }) => type === "store");
  const pushed = plan.outputs.some(({ type }) => type === "registry");
  const base = graph.baseVertex?.operation.kind === "image" ? session.layersOf(graph.baseVertex.operation.reference) : undefined;
  const keepBase = async (): Promise<void> => void (base && (await keepLayers(store, base, { ...access, stepId: graph.baseVertex!.digest })));
  // What is pushed is found again where it was pushed to; what is only in the store has to be there with all it is made of.
  if (stored && !pushed) {
    if (graph.vertex?.operation.kind === "merge") await runner.snapshotOf(graph.vertex, resultOf(graph.vertex));
    else if (graph.vertex === graph.baseVertex) await keepBase();
  }
  const layers = plan.image && graph.vertex ? await settleLayers(graph.vertex, { store, blobs: distant, client, ahead, packing, results, solved, imported, onProgress, signal }) : [];
  const learned = cacheTo.length > 0 && graph.vertex ? { target: graph.vertex, results: solved.results, keys: solved.keys } : undefined;
  const inlineCache = learned && cacheTo.some(({ type }) => type === "inline") ? await makeInlineCache(learned, layers, (vertex) => packing.layersOf(vertex, results)) : undefined;
  const image = plan.image ? finishImage(store, graph, results, layers, { now: Date.now(), inlineCache }) : undefined;
  const fresh = image !== undefined && store.images.get(image.id) === undefined;
  if (image) keepImage(session, target, image, stored);
  const outputs = plan.outputs.filter(({ type }) => type !== "store");
  const exported = outputs.length === 0 ? {} : await (await import("./export-result.ts")).exportResult({
    store, outputs, names, access: { ...access, base, distant }, ahead, fresh, cwd,
    ...(image ? { imageId: image.id } : {}),
    snapshot: async () => graph.vertex && runner.snapshotOf(graph.vertex, resultOf(graph.vertex)),
  }).catch(async (error: unknown) => {
    if (stored && pushed) await Promise.all([keepBase(), graph.vertex && solved.realize(graph.vertex)]).catch(() => undefined);
    throw error;
  });
  if (learned) {
    const { exportCaches } = await import("./export-caches.ts");
    await exportCaches(cacheTo, { cwd, client, platform, onProgress, signal, store, steps: learned, results, packing, imported, blobs: distant, ahead: target.cacheAhead });
  }
  // Exports read the image from the store, which keeps it only where that is an output too.
  if (image && fresh && !stored) store.images.removeUnnamed(image.id);
  return { ...(image ? { imageId: image.id } : {}), ...exported, names, warnings: graph.warnings, checks: target.checks };
}

function keepImage({ store }: BuildSession, { names, onProgress }: PreparedTarget, image: FinishedImage, stored: boolean): void {
  const given = stored ? names : [];
  store.images.put({ config: image.config, names: given });
  for (const name of [`writing image ${image.id}`, ...given.map((full) => `naming to ${full}`)]) {
    onProgress({ type: "step", id: name, name, started: Date.now(), completed: Date.now() });
  }
}

async function makeInlineCache(learned: SolvedSteps, layers: readonly OwnLayer[], layersOf: (vertex: Vertex) => Promise<readonly OwnLayer[]>): Promise<(base: number) => Record<string, unknown>> {
  const [{ inlineRecords }, { inlineCache }] = await Promise.all([import("./export-caches.ts"), import("../cache/inline-cache.ts")]);
  const records = await inlineRecords(learned, layers, layersOf);
  return (base) => inlineCache(records, base);
}
