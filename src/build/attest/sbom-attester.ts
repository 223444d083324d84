import type { Attestation } from "../../image/attestation.ts";
import { formatPlatform } from "../../oci/platform.ts";
import { spdxDocument, SPDX_PREDICATE } from "../../scan/documents/spdx.ts";
import type { Subject } from "../../scan/documents/subject.ts";
import type { Scan, ScanOptions } from "../../scan/scan-root.ts";
import { packageVersion } from "../../std/package-version.ts";
import { inWorker } from "../../std/worker-pool.ts";
import { contextKey, type BuildSession } from "../build-session.ts";
import type { FinishedBuild, SolvedBuild } from "../finish-build.ts";
import type { PreparedTarget } from "../prepare-target.ts";
import type { AttestedResult, Attester } from "./attester.ts";

/** What a document tells of, and the name that BuildKit's scanners give to it. */
interface Scanned {
  readonly name: string;
  readonly subject: Subject;
  readonly options: ScanOptions;
}

/**
 * Says which packages a result is made of, and those of stages and the context for which the Dockerfile asks. Each is looked at once,
 * whatever the number of outputs.
 */
export function sbomAttester(session: BuildSession, target: PreparedTarget, solved: SolvedBuild): Attester {
  const scans = new Map<FinishedBuild, Promise<readonly (Scanned & { readonly scan: Scan })[]>>();
  const toolVersion = packageVersion();
  return {
    inlineOnly: false,
    attest: async (result) => {
      let scanned = scans.get(result.build);
      if (!scanned) scans.set(result.build, (scanned = scanAll(session, target, solved, result.build)));
      const created = createdAt(result);
      // As BuildKit names them: by their blobs. Those of stages and of the context are none of this image's.
      const layers = result.image?.layers.map(({ descriptor }) => descriptor.digest);
      return (await scanned).map(({ name, subject, options, scan }): Attestation => ({
        predicateType: SPDX_PREDICATE, filename: `${name}.spdx.json`,
        predicate: spdxDocument(scan, { name, subject, toolVersion, created, ...(subject.kind === "image" && layers?.length === options.layers.length ? { layers } : {}) }),
      }));
    },
  };
}

/** The same image has the same document: its time is the image's. */
function createdAt({ build: { graph }, image }: AttestedResult): Date {
  const time = image?.config.created === undefined ? Number.NaN : Date.parse(image.config.created);
  if (!Number.isNaN(time)) return new Date(time);
  return graph.epoch === undefined ? new Date() : new Date(graph.epoch * 1000);
}

async function scanAll(session: BuildSession, target: PreparedTarget, solved: SolvedBuild, build: FinishedBuild): Promise<(Scanned & { readonly scan: Scan })[]> {
  const { signal } = session.access;
  const { onProgress } = target;
  const platform = target.platforms.several ? `[${formatPlatform(build.platform)}] ` : "";
  const step = { type: "step", id: `sbom ${formatPlatform(build.platform)}`, name: `${platform}generating the SBOM`, started: Date.now() } as const;
  onProgress(step);
  try {
    const found: (Scanned & { readonly scan: Scan })[] = [];
    for (const each of await toScan(session, target, solved, build)) {
      const scan = await inWorker<ScanOptions, Scan>("scan/scan-root.ts", "scanRoot", each.options, { signal });
      for (const { place, problem } of scan.problems) onProgress({ type: "warning", message: `${each.name}: ${place.startsWith("/") ? "" : "/"}${place}: ${problem}` });
      found.push({ ...each, scan });
    }
    onProgress({ ...step, completed: Date.now() });
    return found;
  } catch (error) {
    onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

async function toScan({ store, contexts }: BuildSession, target: PreparedTarget, { runner, solved }: SolvedBuild, build: FinishedBuild): Promise<Scanned[]> {
  const { context, stages } = build.graph.scanExtras;
  const layersOf = (snapshot: string | undefined): ScanOptions => ({ layers: snapshot === undefined ? [] : store.snapshots.lowers(snapshot) });
  const [name] = target.names;
  const files = contexts.get(contextKey({ scope: target.scope, name: "context" }))!;
  const image: Subject = { kind: "image", name: name ?? "image", ...(build.image ? { digest: build.image.id } : {}) };
  return [
    { name: "sbom", subject: image, options: layersOf(await build.snapshot()) },
    ...(context ? [{ name: "sbom-context", subject: { kind: "folder", name: "context" } as const, options: { layers: [files.root], excludes: files.excludes, source: true } }] : []),
    ...await Promise.all(stages.map(async ({ name: stage, vertex }) => ({
      name: `sbom-${stage}`, subject: { kind: "folder", name: stage } as const, options: layersOf(await runner.snapshotOf(vertex, vertex && solved.results.get(vertex))),
    }))),
  ];
}
