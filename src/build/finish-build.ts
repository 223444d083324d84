import type { ImportedCaches } from "../cache/imported-caches.ts";
import type { SolvedSteps } from "../cache/gather-cache.ts";
import type { BuildGraph } from "../graph/build-graph.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { Digest } from "../oci/digest.ts";
import { mediaType } from "../oci/media-type.ts";
import type { Platform } from "../oci/platform.ts";
import type { Solved } from "../solve/solve.ts";
import type { BuildRecording } from "./build-recording.ts";
import type { BuildSession } from "./build-session.ts";
import type { DistantBlobs } from "./distant-blobs.ts";
import { turn } from "../std/turn.ts";
import { finishImage } from "./finish-image.ts";
import type { LayerPacking, OwnLayer, SnapshotsNow } from "./layer-packing.ts";
import { keepLayers, type ImageLayers } from "./materialize.ts";
import type { MountsElsewhere } from "./mounts-elsewhere.ts";
import { isRestamped, namesOf } from "./outputs.ts";
import type { PreparedTarget } from "./prepare-target.ts";
import type { BuildRunner } from "./runner.ts";
import { settleLayers } from "./settle-layers.ts";

/** What came of the build for one platform. */
export interface FinishedBuild {
  /** What was asked for. */
  readonly platform: Platform;
  readonly graph: BuildGraph;
  /** Absent where outputs want files only. */
  readonly image?: { readonly id: Digest; /** It was made by this build: no registry has its config yet. */ readonly fresh: boolean };
  readonly base: ImageLayers | undefined;
  /** The target's top snapshot, for outputs that write the file system out. */
  readonly snapshot: () => Promise<string | undefined>;
  /** Brings everything that the image in the store is made of here, for when it could not be pushed. */
  readonly keep: () => Promise<void>;
}

export interface SolvedBuild {
  readonly runner: BuildRunner;
  readonly solved: Solved;
  readonly packing: LayerPacking;
  readonly imported: ImportedCaches | undefined;
  readonly distant: DistantBlobs;
  readonly mountsElsewhere: MountsElsewhere;
  /** The name of this build among those that the store keeps records of, and when it began. */
  readonly recording: Pick<BuildRecording, "ref" | "startedAt" | "attach">;
}

export interface FinishOptions extends SolvedBuild {
  readonly platform: Platform;
  readonly graph: BuildGraph;
  readonly results: SnapshotsNow;
  /** What of the steps is written into the image as a cache. */
  readonly inline: SolvedSteps | undefined;
}

/** Packs the layers of a platform's target, and makes its image where an output wants one. */
export async function finishBuild(session: BuildSession, target: PreparedTarget, options: FinishOptions): Promise<FinishedBuild> {
  const { store, client } = session;
  const { plan, names, ahead, onProgress } = target;
  const access = { ...session.access, onProgress };
  const { platform, graph, runner, solved, results, packing, distant, imported, inline } = options;
  const { vertex, baseVertex } = graph;
  const stored = plan.outputs.some(({ type }) => type === "store");
  const pushed = plan.outputs.some(({ type }) => type === "registry");
  const base = baseVertex?.operation.kind === "image" ? session.layersOf(baseVertex.operation.reference) : undefined;
  const keepBase = async (): Promise<void> => void (base && (await keepLayers(store, base, { ...access, stepId: baseVertex!.digest })));
  // What is pushed is found again where it was pushed to; what is only in the store has to be there with all it is made of.
  if (stored && !pushed) {
    if (vertex?.operation.kind === "merge") await runner.snapshotOf(vertex, results.get(vertex));
    else if (vertex === baseVertex) await keepBase();
  }
  const settle = { store, blobs: distant, client, ahead, packing, results, solved, imported, onProgress, signal: access.signal };
  const layers = plan.image && vertex ? await settleLayers(vertex, settle) : [];
  await turn();
  const inlineCache = inline && (await makeInlineCache(inline, layers, (step) => packing.layersOf(step, results)));
  const made = plan.image ? finishImage(store, graph, results, layers, { now: Date.now(), inlineCache }) : undefined;
  const image = made && { id: made.id, fresh: store.images.get(made.id) === undefined };
  if (made) {
    // The names are the index's where there is one (keep-index.ts).
    const given = plan.storesIndex ? [] : [...new Set(plan.outputs.flatMap((output) => (output.type === "store" && !isRestamped(output) ? namesOf(output, names) : [])))];
    if (image!.fresh && plan.outputs.some((output) => output.type === "registry" && !isRestamped(output))) {
      // The registry writes it while it is written here.
      ahead.add({ mediaType: mediaType.ociConfig, digest: made.id, size: made.config.length }, made.config);
      await turn();
    }
    store.images.put({ config: made.config, names: given });
    for (const name of [`writing image ${made.id}`, ...given.map((full) => `naming to ${full}`)]) {
      onProgress({ type: "step", id: name, name, started: Date.now(), completed: Date.now() });
    }
  }
  return {
    platform, graph, base,
    ...(image ? { image } : {}),
    snapshot: async () => vertex && runner.snapshotOf(vertex, results.get(vertex)),
    keep: async () => void (stored && pushed && (await Promise.all([keepBase(), vertex && solved.realize(vertex)]))),
  };
}

async function makeInlineCache(learned: SolvedSteps, layers: readonly OwnLayer[], layersOf: (vertex: Vertex) => Promise<readonly OwnLayer[]>): Promise<(base: number) => Record<string, unknown>> {
  const [{ inlineRecords }, { inlineCache }] = await Promise.all([import("./export-caches.ts"), import("../cache/inline-cache.ts")]);
  const records = await inlineRecords(learned, layers, layersOf);
  return (base) => inlineCache(records, base);
}
