import type { BuildGraph } from "../graph/build-graph.ts";
import type { ImageOperation, Vertex } from "../graph/vertex.ts";
import { formatPlatform, type Platform } from "../oci/platform.ts";
import type { Result } from "../solve/ports.ts";
import { solveAll } from "../solve/solve.ts";
import { sourcesOf } from "./attest/materials.ts";
import { aboutOf } from "./build-about.ts";
import { commitOf } from "./build-commit.ts";
import { BuildRecording } from "./build-recording.ts";
import { importCaches } from "./build-caches.ts";
import type { BuildOptions, BuildResult } from "./build-options.ts";
import { contextKey, openSession, type BuildSession, type SharedOptions } from "./build-session.ts";
import { DistantBlobs } from "./distant-blobs.ts";
import { fetchVertex } from "./fetch-vertex.ts";
import { finishTarget } from "./finish-target.ts";
import { layerVertices } from "./finish-image.ts";
import { LayerPacking } from "./layer-packing.ts";
import { materializeLayers } from "./materialize.ts";
import { openMountsElsewhere } from "./mounts-elsewhere.ts";
import { planPacking } from "./plan-packing.ts";
import { planPlatforms } from "./plan-platforms.ts";
import { prepareTarget, type PreparedTarget } from "./prepare-target.ts";
import { createRestore } from "./restore-layers.ts";
import { createRunner } from "./runner.ts";

/** One of several things to build at once. */
export interface BuildTarget {
  /** Stands in the names of steps; absent where there is one target only. */
  readonly name?: string;
  readonly options: BuildOptions;
  /** Other targets that FROM and --from may name: the name there, and the target's own. */
  readonly linked?: ReadonlyMap<string, string>;
  /** Nobody wants its result but other targets. */
  readonly inner?: boolean;
}

/**
 * Builds several targets in one solve: what they have in common is done once, and everything goes side by side. The first
 * failure ends the others. What belongs to the process and not to a target is taken from `shared`.
 * @returns the results of those that are not `inner`, by name
 */
export async function buildTargets(targets: readonly BuildTarget[], shared: SharedOptions): Promise<Map<string | undefined, BuildResult>> {
  const recording = new BuildRecording(shared.onProgress);
  const builds = targets.map(({ options }) => options);
  await using session = await openSession({ ...shared, onProgress: recording.onProgress }, builds);
  const { store, access: { signal } } = session;
  const wanted = targets.flatMap(({ inner, options }) => (inner === true ? [] : [options]));
  return await recording.during(() => solveTargets(session, targets, { ...shared, recording }), { store, about: { ...aboutOf(wanted), ...(await commitOf(wanted, signal)) }, signal });
}

async function solveTargets(session: BuildSession, targets: readonly BuildTarget[], shared: SharedOptions & { readonly recording: BuildRecording }): Promise<Map<string | undefined, BuildResult>> {
  const { store, client, sandboxes, access } = session;
  const { onProgress, signal } = access;
  const outer = targets.filter(({ inner }) => inner !== true);
  // They are read while Dockerfiles and base images are.
  const cacheAccess = { cwd: shared.cwd ?? process.cwd(), client, platform: planPlatforms(outer[0]!.options).platforms[0]!, onProgress, signal };
  const imported = await importCaches(outer.flatMap(({ options }) => options.cacheFrom ?? []), cacheAccess);
  if (imported) session.own(imported);
  const mountsElsewhere = session.own(await openMountsElsewhere(outer.flatMap(({ options }) => options.cacheMountsFrom ?? []), cacheAccess, { store, recordOwners: access.recordOwners, onProgress, signal }));
  const prepared = await prepareAll(session, targets);
  const wanted = outer.map(({ name }) => prepared.get(name)!);
  const onWork = once(() => sandboxes.expect());
  if (wanted.some(({ options }) => options.noCache)) void onWork();
  const distant = new DistantBlobs(store, imported, { ...access, stepId: "fetch layers from caches" });
  const runner = createRunner({
    store,
    contextOf: (operation) => session.contexts.get(contextKey(operation))!,
    sandboxes,
    secrets: session.secrets,
    agents: session.agents,
    onWork,
    onComing: (vertex) => wanted.filter(({ graphs }) => graphs.some((graph) => graph.vertex === vertex)).forEach(({ ahead }) => ahead.expectLast()),
    mountsElsewhere,
    fetch: (vertex, abort) => fetchVertex(session.remote(vertex.ignoreCache), vertex, { agents: session.agents, onProgress, signal: abort }),
    materialize: (operation: ImageOperation, stepId: string) => materializeLayers(store, session.layersOf(operation.reference), { ...access, stepId }),
    restore: createRestore(store, { resolver: { layers: (reference) => session.layersOf(reference) }, distant, access }),
    recordOwners: access.recordOwners,
    hostCertificates: shared.hostCertificates ?? true,
    runtime: shared.runtime ?? "builtin",
    onProgress,
    onFailedRun: shared.onFailedRun,
  });
  const reach = new Map(wanted.map((target) => [target, verticesOf(target.graphs)]));
  const packings = new Map(wanted.map((target) => [target, packingOf(session, target)]));
  const onResult = (vertex: Vertex, result: Result): void => {
    sandboxes.settled(vertex);
    for (const [target, packing] of packings) if (reach.get(target)!.has(vertex)) packing.add(vertex, result);
  };
  store.cache.expect([...new Set([...reach.values()].flatMap((vertices) => [...vertices]))].flatMap(({ ignoreCache, slot }) => (ignoreCache ? [] : slot)));
  const solved = await solveAll(
    wanted.flatMap(({ graphs, plan, options }) => [
      ...graphs.flatMap(({ vertex }) => (vertex ? [{ vertex, needsFiles: plan.needsFiles }] : [])),
      ...(options.attest?.sbom ? graphs.flatMap(({ scanExtras }) => scanExtras.stages.flatMap(({ vertex }) => (vertex ? [{ vertex, needsFiles: true }] : []))) : []),
    ]),
    { cache: store.cache, runner, clock: Date.now, onProgress, onResult, explain: shared.explain ?? false, signal, ...(imported ? { distant: imported } : {}) },
  );
  const used = [...verticesOf(wanted.flatMap(({ graphs }) => graphs)), ...wanted.flatMap(({ graphs }) => graphs.flatMap(({ baseVertex }) => baseVertex ?? []))];
  shared.recording.usedMaterials(sourcesOf(used, { digestsOf: (reference) => session.layersOf(reference).sources, pins: session.pins }).materials);
  const results = await Promise.allSettled(wanted.map(async (target) =>
    [target.name, await finishTarget(session, target, { runner, solved, packing: packings.get(target)!, imported, distant, mountsElsewhere, recording: shared.recording })] as const));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return new Map(results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])));
}

/** Those that others are built on come first. */
async function prepareAll(session: BuildSession, targets: readonly BuildTarget[]): Promise<Map<string | undefined, PreparedTarget>> {
  const byName = new Map(targets.map((target) => [target.name, target]));
  const pending = new Map<string | undefined, Promise<PreparedTarget>>();
  const prepare = (target: BuildTarget): Promise<PreparedTarget> => {
    let promise = pending.get(target.name);
    if (!promise) {
      promise = (async () => {
        const linked = new Map<string, PreparedTarget>();
        for (const [name, other] of target.linked ?? []) linked.set(name.toLowerCase(), await prepare(byName.get(other)!));
        return prepareTarget(session, target.options, { name: target.name, ...(linked.size > 0 ? { linked: (name: string, platform: Platform) => graphFor(linked.get(name.toLowerCase()), platform) } : {}) });
      })();
      pending.set(target.name, promise);
    }
    return promise;
  };
  const settled = await Promise.allSettled(targets.map(prepare));
  const failed = settled.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return new Map(settled.flatMap((result) => (result.status === "fulfilled" ? [[result.value.name, result.value] as const] : [])));
}

/** What another target is for the same platform; one that is for one platform only is that for all. */
function graphFor(target: PreparedTarget | undefined, platform: Platform): BuildGraph | undefined {
  const index = target?.platforms.platforms.findIndex((each) => formatPlatform(each) === formatPlatform(platform)) ?? -1;
  return target?.graphs[Math.max(index, 0)];
}

function packingOf({ store, access, own }: BuildSession, { plan, graphs, ahead, cacheAhead, options }: PreparedTarget): LayerPacking {
  const target = new Set(plan.image ? graphs.flatMap(layerVertices) : []);
  const jobOf = planPacking({ target, packing: plan.packing, ahead, cacheTo: options.cacheTo ?? [], cacheAhead });
  return own(new LayerPacking(store, { jobOf, packing: plan.packing, signal: access.signal }));
}

/** All that a target is made of. */
function verticesOf(graphs: readonly BuildGraph[]): Set<Vertex> {
  const found = new Set(graphs.flatMap(({ vertex }) => vertex ?? []));
  for (const each of found) for (const input of each.inputs) if (input) found.add(input);
  return found;
}

function once<Value>(work: () => Value): () => Value {
  let result: { readonly value: Value } | undefined;
  return () => (result ??= { value: work() }).value;
}
