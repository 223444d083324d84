import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { openContext } from "../context/open-context.ts";
import { buildGraph, type BuildGraph } from "../graph/build-graph.ts";
import type { ImageOperation, Vertex } from "../graph/vertex.ts";
import type { Executor } from "../exec/run-job.ts";
import { insideUserNamespace } from "../linux/user-namespace.ts";
import { sha256 } from "../oci/digest.ts";
import { formatPlatform, hostPlatform, parsePlatform, platformMatches } from "../oci/platform.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import { solve } from "../solve/solve.ts";
import type { Result } from "../solve/ports.ts";
import { fault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { storeRoot } from "../store/store-root.ts";
import type { BuildOptions, BuildResult } from "./build-options.ts";
import { createArchivePort } from "./archive-port.ts";
import { finishImage, layerVertices } from "./finish-image.ts";
import { packSnapshot, type BlobTaker, type PackedLayer } from "./layer-blobs.ts";
import { mirrorTrouble } from "../registry/routes/mirror-trouble.ts";
import { lazyClient } from "./lazy-client.ts";
import { keepLayers, materializeLayers } from "./materialize.ts";
import { planOutputs, type OutputPlan } from "./outputs.ts";
import { PushAhead } from "./push-ahead.ts";
import { createBaseResolver } from "./resolve-base.ts";
import { createRunner } from "./runner.ts";
import { createSandboxes } from "./sandboxes.ts";

export type { BuildOptions, BuildOutput, BuildResult } from "./build-options.ts";

/**
 * Builds a Dockerfile and puts the result where `outputs` says: by default into the store, under `tags`.
 * Resolves when everything is written; rejects with a Fault (`code`, `hint`, `location` in the Dockerfile)
 * and leaves finished steps in the cache.
 */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const plan = planOutputs(options);
  const names = (options.tags ?? []).map((tag) => formatReference(parseReference(tag)));
  const platform = checkPlatform(options.platform);
  const onProgress: OnProgress = options.onProgress ?? (() => undefined);
  const signal = options.signal ?? new AbortController().signal;
  await using cleanup = new AsyncDisposableStack();
  const store = cleanup.use(await openStore(options.root ?? storeRoot(process.env)));
  const client = cleanup.use(lazyClient({
    ...options, journal: store.uploads,
    onMirrorFailure: (mirror, reason) => onProgress({ type: "warning", message: mirrorTrouble(mirror, reason) }),
  }));
  const context = cleanup.use(await openContext({
    context: options.context,
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.stdin ? { stdin: options.stdin } : {}),
    cwd: options.cwd ?? process.cwd(),
    temporary: store.temporary,
    archives: createArchivePort(signal),
    signal,
  }));
  const dockerfile = parseDockerfile(context.dockerfile.source, { file: context.dockerfile.file });
  const sandboxes = cleanup.use(createSandboxes(() => startExecutor(options, store)));
  if (options.noCache && dockerfile.stages.some(({ instructions }) => instructions.some(({ kind }) => kind === "run"))) void sandboxes.expect();
  const resolver = createBaseResolver(store, { client: client.get, pull: options.pull ?? false, onProgress, signal });
  const graph = await buildGraph(dockerfile, {
    ...(options.target === undefined ? {} : { target: options.target }),
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    platform,
    buildPlatform: hostPlatform(process.arch),
    labels: new Map(Object.entries(options.labels ?? {})),
    noCache: options.noCache ?? false,
    noCacheFilter: new Set((options.noCacheFilter ?? []).map((name) => name.toLowerCase())),
    network: options.network ?? "default",
    extraHosts: options.addHosts ?? [],
    scope: sha256(`${context.root}\0${context.dockerfile.file}`).slice(7, 23),
    resolveBase: resolver.resolve,
  });
  for (const message of graph.warnings) onProgress({ type: "warning", message });
  const recordOwners = insideUserNamespace()?.mapped === "one";
  const access = { client: client.get, recordOwners, onProgress, signal };
  const materialize = (operation: ImageOperation, stepId: string): Promise<string | undefined> =>
    materializeLayers(store, resolver.layers(operation.reference), { ...access, stepId });
  sandboxes.plan(graph.vertex);
  const ahead = cleanup.use(new PushAhead({ store, client: client.get, names: plan.outputs.some(({ type }) => type === "registry") ? names : [], signal }));
  const onWork = once(() => sandboxes.expect());
  if (options.noCache) void onWork();
  ahead.prepare();
  const runner = createRunner({
    store,
    context,
    sandboxes,
    onWork,
    materialize,
    recordOwners,
    hostCertificates: options.hostCertificates ?? true,
    onProgress,
  });
  const packing = new LayerPacking(store, graph, plan, { signal, taker: ahead });
  const onResult = (vertex: Vertex, result: Result): void => {
    sandboxes.settled(vertex);
    packing.add(vertex, result);
  };
  const results = graph.vertex === undefined
    ? new Map<Vertex, Result>()
    : await solve(graph.vertex, { cache: store.cache, runner, clock: Date.now, onProgress, onResult, signal });
  const packed = plan.image ? await packing.finish(onProgress) : new Map<Vertex, PackedLayer>();
  const stored = plan.outputs.some(({ type }) => type === "store");
  const resultOf = (vertex: Vertex): Result => results.get(vertex)!;
  const base = graph.baseVertex?.operation.kind === "image" ? resolver.layers(graph.baseVertex.operation.reference) : undefined;
  const pushed = plan.outputs.some(({ type }) => type === "registry");
  const keepBase = async (): Promise<void> => void (base && (await keepLayers(store, base, { ...access, stepId: graph.baseVertex!.digest })));
  // What is pushed is found again where it was pushed to; what is only in the store has to be there with all it is made of.
  if (stored && !pushed) {
    if (graph.vertex?.operation.kind === "merge") await runner.snapshotOf(graph.vertex, resultOf(graph.vertex));
    else if (graph.vertex === graph.baseVertex) await keepBase();
  }
  const snapshotOf = (vertex: Vertex): string | undefined => runner.snapshotNow(vertex, resultOf(vertex));
  const image = plan.image ? finishImage(store, graph, results, packed, { now: Date.now(), snapshotOf }) : undefined;
  const fresh = image !== undefined && store.images.get(image.id) === undefined;
  if (image) {
    const given = stored ? names : [];
    store.images.put({ config: image.config, names: given });
    for (const name of [`writing image ${image.id}`, ...given.map((full) => `naming to ${full}`)]) {
      onProgress({ type: "step", id: name, name, started: Date.now(), completed: Date.now() });
    }
  }
  const outputs = plan.outputs.filter(({ type }) => type !== "store");
  const exported = outputs.length === 0 ? {} : await (await import("./export-result.ts")).exportResult({
    store, outputs, names, access: { ...access, base }, ahead, fresh, cwd: options.cwd ?? process.cwd(),
    ...(image ? { imageId: image.id } : {}),
    snapshot: async () => graph.vertex && runner.snapshotOf(graph.vertex, resultOf(graph.vertex)),
  }).catch(async (error: unknown) => {
    if (stored && pushed) await keepBase().catch(() => undefined);
    throw error;
  });
  // Exports read the image from the store, which keeps it only where that is an output too.
  if (image && fresh && !stored) store.images.removeUnnamed(image.id);
  return { ...(image ? { imageId: image.id } : {}), ...exported, names, warnings: graph.warnings };
}

function once<Result>(work: () => Result): () => Result {
  let result: { readonly value: Result } | undefined;
  return () => (result ??= { value: work() }).value;
}

async function startExecutor({ runtime }: BuildOptions, { temporary }: Store): Promise<Executor> {
  const { createExecutor } = await import("../exec/create-executor.ts");
  return createExecutor({ ...(runtime ? { runtime } : {}), temporary });
}

function checkPlatform(written: string | undefined): ReturnType<typeof hostPlatform> {
  const host = hostPlatform(process.arch);
  if (written === undefined) return host;
  const wanted = parsePlatform(written, host);
  if (!platformMatches(host, wanted)) throw fault("PLATFORM_FOREIGN", { platform: formatPlatform(wanted), host: formatPlatform(host) });
  return wanted;
}

/** Hashes and packs the target's layers as soon as each is there, while later steps run. */
class LayerPacking {
  readonly #store: Store;
  readonly #wanted: ReadonlySet<Vertex>;
  readonly #packing: OutputPlan["packing"];
  readonly #signal: AbortSignal;
  readonly #taker: BlobTaker;
  readonly #pending = new Map<Vertex, Promise<PackedLayer>>();

  /** @param options.taker gets each blob that is made, not those that were there */
  constructor(store: Store, graph: BuildGraph, plan: OutputPlan, { signal, taker }: { signal: AbortSignal; taker: BlobTaker }) {
    this.#store = store;
    this.#wanted = new Set(plan.image ? layerVertices(graph) : []);
    this.#packing = plan.packing;
    this.#signal = signal;
    this.#taker = taker;
  }

  add(vertex: Vertex, result: Result): void {
    if (!this.#wanted.has(vertex) || result.snapshot === undefined) return;
    const packing = packSnapshot(this.#store, result.snapshot, { packing: this.#packing, signal: this.#signal, taker: this.#taker });
    packing.catch(() => undefined);
    this.#pending.set(vertex, packing);
  }

  async finish(onProgress: OnProgress): Promise<Map<Vertex, PackedLayer>> {
    const step = { type: "step", id: "export layers", name: "exporting layers", started: Date.now() } as const;
    onProgress(step);
    const packed = new Map<Vertex, PackedLayer>();
    for (const [vertex, packing] of this.#pending) packed.set(vertex, await packing);
    onProgress({ ...step, completed: Date.now() });
    return packed;
  }
}
