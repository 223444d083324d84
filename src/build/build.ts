import { parseDockerfile } from "../dockerfile/parse-dockerfile.ts";
import { openContext } from "../context/open-context.ts";
import { buildGraph } from "../graph/build-graph.ts";
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
import { RemoteSources } from "../fetch/remote-sources.ts";
import { fetchVertex } from "./fetch-vertex.ts";
import { finishImage, layerVertices } from "./finish-image.ts";
import type { SolvedSteps } from "../cache/gather-cache.ts";
import { importCaches, insecureHosts } from "./build-caches.ts";
import { createRestore } from "./restore-layers.ts";
import { settleLayers } from "./settle-layers.ts";
import { DistantBlobs } from "./distant-blobs.ts";
import { LayerPacking, type OwnLayer, type SnapshotsNow } from "./layer-packing.ts";
import { mirrorTrouble } from "../registry/routes/mirror-trouble.ts";
import { lazyClient } from "./lazy-client.ts";
import { keepLayers, materializeLayers } from "./materialize.ts";
import { planOutputs } from "./outputs.ts";
import { cacheReferences, planPacking } from "./plan-packing.ts";
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
    ...options, journal: store.uploads, insecure: insecureOf(options),
    onMirrorFailure: (mirror, reason) => onProgress({ type: "warning", message: mirrorTrouble(mirror, reason) }),
  }));
  const remote = cleanup.use(new RemoteSources({ store, secret: async () => undefined, noCache: options.noCache ?? false, pull: options.pull ?? false, signal }));
  const context = cleanup.use(await openContext({
    context: options.context,
    ...(options.file === undefined ? {} : { file: options.file }),
    ...(options.stdin ? { stdin: options.stdin } : {}),
    cwd: options.cwd ?? process.cwd(),
    temporary: store.temporary,
    archives: createArchivePort(signal),
    signal,
  }));
  const cacheAccess = { cwd: options.cwd ?? process.cwd(), client: client.get, platform, onProgress, signal };
  const imported = await importCaches(options.cacheFrom, cacheAccess);
  if (imported) cleanup.use(imported);
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
  const distant = new DistantBlobs(store, imported, { ...access, stepId: "fetch layers from caches" });
  const runner = createRunner({
    store,
    context,
    sandboxes,
    onWork,
    fetch: (vertex, abort) => fetchVertex(remote, vertex, { onProgress, signal: abort }),
    materialize,
    restore: createRestore(store, { resolver, distant, access }),
    recordOwners,
    hostCertificates: options.hostCertificates ?? true,
    onProgress,
  });
  const { cacheTo = [] } = options;
  const cacheAhead = cacheTo.length === 0 ? undefined : cleanup.use(new PushAhead({ store, client: client.get, names: cacheReferences(cacheTo), signal }));
  cacheAhead?.prepare();
  const jobOf = planPacking({ target: new Set(plan.image ? layerVertices(graph) : []), packing: plan.packing, ahead, cacheTo, cacheAhead });
  const packing = new LayerPacking(store, { jobOf, packing: plan.packing, signal });
  const onResult = (vertex: Vertex, result: Result): void => {
    sandboxes.settled(vertex);
    packing.add(vertex, result);
  };
  const solved = graph.vertex && (await solve(graph.vertex, {
    cache: store.cache, runner, clock: Date.now, onProgress, onResult, needsFiles: plan.needsFiles, explain: options.explain ?? false, signal,
    ...(imported ? { distant: imported } : {}),
  }));
  const resultOf = (vertex: Vertex): Result => solved!.results.get(vertex)!;
  const results: SnapshotsNow = { get: resultOf, snapshotNow: (vertex) => runner.snapshotNow(vertex, resultOf(vertex)) };
  const stored = plan.outputs.some(({ type }) => type === "store");
  const base = graph.baseVertex?.operation.kind === "image" ? resolver.layers(graph.baseVertex.operation.reference) : undefined;
  const pushed = plan.outputs.some(({ type }) => type === "registry");
  const keepBase = async (): Promise<void> => void (base && (await keepLayers(store, base, { ...access, stepId: graph.baseVertex!.digest })));
  // What is pushed is found again where it was pushed to; what is only in the store has to be there with all it is made of.
  if (stored && !pushed) {
    if (graph.vertex?.operation.kind === "merge") await runner.snapshotOf(graph.vertex, resultOf(graph.vertex));
    else if (graph.vertex === graph.baseVertex) await keepBase();
  }
  const layers = plan.image && graph.vertex ? await settleLayers(graph.vertex, { store, blobs: distant, client: client.get, ahead, packing, results, solved: solved!, imported, onProgress, signal }) : [];
  const learned = cacheTo.length > 0 && graph.vertex ? { target: graph.vertex, results: solved!.results, keys: solved!.keys } : undefined;
  const inlineCache = learned && cacheTo.some(({ type }) => type === "inline") ? await makeInlineCache(learned, layers, (vertex) => packing.layersOf(vertex, results)) : undefined;
  const image = plan.image ? finishImage(store, graph, results, layers, { now: Date.now(), inlineCache }) : undefined;
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
    store, outputs, names, access: { ...access, base, distant }, ahead, fresh, cwd: options.cwd ?? process.cwd(),
    ...(image ? { imageId: image.id } : {}),
    snapshot: async () => graph.vertex && runner.snapshotOf(graph.vertex, resultOf(graph.vertex)),
  }).catch(async (error: unknown) => {
    if (stored && pushed) await Promise.all([keepBase(), graph.vertex && solved!.realize(graph.vertex)]).catch(() => undefined);
    throw error;
  });
  if (learned) {
    const { exportCaches } = await import("./export-caches.ts");
    await exportCaches(cacheTo, { ...cacheAccess, store, steps: learned, results, packing, imported, blobs: distant, ahead: cacheAhead });
  }
  // Exports read the image from the store, which keeps it only where that is an output too.
  if (image && fresh && !stored) store.images.removeUnnamed(image.id);
  return { ...(image ? { imageId: image.id } : {}), ...exported, names, warnings: graph.warnings };
}

function once<Result>(work: () => Result): () => Result {
  let result: { readonly value: Result } | undefined;
  return () => (result ??= { value: work() }).value;
}

function insecureOf({ insecure = false, cacheFrom = [], cacheTo = [] }: BuildOptions): boolean | readonly string[] {
  return typeof insecure === "boolean" && insecure ? insecure : [...(insecure || []), ...insecureHosts([...cacheFrom, ...cacheTo])];
}

async function makeInlineCache(learned: SolvedSteps, layers: readonly OwnLayer[], layersOf: (vertex: Vertex) => Promise<readonly OwnLayer[]>): Promise<(base: number) => Record<string, unknown>> {
  const [{ inlineRecords }, { inlineCache }] = await Promise.all([import("./export-caches.ts"), import("../cache/inline-cache.ts")]);
  const records = await inlineRecords(learned, layers, layersOf);
  return (base) => inlineCache(records, base);
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
