import { stepsBelow } from "../cache/gather-cache.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { Result } from "../solve/ports.ts";
import type { BuildResult } from "./build-options.ts";
import type { BuildSession } from "./build-session.ts";
import { finishBuild, type FinishedBuild, type SolvedBuild } from "./finish-build.ts";
import type { SnapshotsNow } from "./layer-packing.ts";
import { allNamesOf, isRestamped } from "./outputs.ts";
import type { PreparedTarget } from "./prepare-target.ts";

/** Makes the images of a solved target, and writes its outputs and caches. */
export async function finishTarget(session: BuildSession, target: PreparedTarget, build: SolvedBuild): Promise<BuildResult> {
  const { store, client } = session;
  const { options, plan, names, platforms, graphs, ahead, onProgress } = target;
  const { runner, solved, packing, imported, distant } = build;
  const { cacheTo = [], cacheMountsTo = [] } = options;
  const access = { ...session.access, onProgress };
  const { signal } = access;
  const cwd = options.cwd ?? process.cwd();
  const resultOf = (vertex: Vertex): Result => solved.results.get(vertex)!;
  const results: SnapshotsNow = { get: resultOf, snapshotNow: (vertex) => runner.snapshotNow(vertex, resultOf(vertex)) };
  const vertices = [...new Set(graphs.flatMap(({ vertex }) => vertex ?? []))];
  const learned = cacheTo.length > 0 && vertices.length > 0 ? { targets: vertices, results: solved.results, keys: solved.keys } : undefined;
  const builds: FinishedBuild[] = [];
  for (const [index, graph] of graphs.entries()) {
    const inline = learned && cacheTo.some(({ type }) => type === "inline") ? learned : undefined;
    builds.push(await finishBuild(session, target, { ...build, platform: platforms.platforms[index]!, graph, results, inline }));
  }
  const images = builds.flatMap(({ image }) => image ?? []);
  const { attest, tellProvenance } = options;
  const attesters = attest === undefined ? [] : await (await import("./attest/make-attesters.ts")).makeAttesters(session, target, build);
  // One image is in the store as soon as it is made; an index has to be put together.
  const outputs = plan.outputs.filter((output) => output.type !== "store" || isRestamped(output) || plan.storesIndex);
  const exported = outputs.length === 0 ? {} : await (await import("./export-result.ts")).exportResult({
    store, outputs, names, builds, several: platforms.several, annotations: options.annotations ?? [], attesters, access: { ...access, distant }, ahead, cwd, attach: build.recording.attach,
  }).catch(async (error: unknown) => {
    await Promise.all(builds.map(({ keep }) => keep())).catch(() => undefined);
    throw error;
  });
  if (learned) {
    const { exportCaches } = await import("./export-caches.ts");
    await exportCaches(cacheTo, { cwd, client, platform: platforms.platforms[0]!, onProgress, signal, store, steps: learned, results, packing, imported, blobs: distant, ahead: target.cacheAhead });
  }
  if (cacheMountsTo.length > 0) await build.mountsElsewhere.export(cacheMountsTo, stepsBelow(vertices), { cwd, client, platform: platforms.platforms[0]!, onProgress, signal });
  // Exports read the image from the store, which keeps it only where that is an output too.
  if (!plan.outputs.some((output) => output.type === "store" && !isRestamped(output))) {
    const kept = plan.outputs.some(({ type }) => type === "store") ? exported.imageId : undefined;
    for (const { id, fresh } of images) if (fresh && id !== kept) store.images.removeUnnamed(id);
  }
  return {
    ref: build.recording.ref,
    ...(images.length === 1 ? { imageId: images[0]!.id } : {}), ...exported, names: allNamesOf(plan.outputs, names), warnings: [...new Set(graphs.flatMap(({ warnings }) => warnings))], checks: target.checks,
    ...(tellProvenance ? { provenance: await (await import("./attest/make-attesters.ts")).toldProvenance(session, target, build, builds, tellProvenance) } : {}),
  };
}
