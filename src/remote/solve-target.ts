import { setTimeout as delay } from "node:timers/promises";
import type { Digest } from "../oci/digest.ts";
import type { Worker } from "./connect/worker.ts";
import type { OpenTarget } from "./open-targets.ts";
import { entitlements } from "./request/frontend-attrs.ts";
import type { LinkedInput } from "./request/linked-input.ts";
import { newId } from "./session/open-session.ts";
import { StatusEvents } from "./status-events.ts";
import type { TargetProgress } from "./target-progress.ts";

export interface Surroundings {
  readonly worker: Worker;
  /** Rejects when a session breaks. */
  readonly broken: Promise<never>;
  readonly progress: TargetProgress;
  readonly signal: AbortSignal;
}

export interface WorkerResult {
  /** What the worker's outputs say of themselves. */
  readonly response: Readonly<Record<string, string>>;
  /** How the worker made the results, where it was asked: by platform where there are several, else under no name. */
  readonly provenance?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** The image that came into the store. */
  readonly imageId?: Digest;
}

/** How long the last words about progress may take after the build is over, in milliseconds. */
const LAST_WORDS = 3000;

/** Builds a target on the worker, and waits until what it sends is where it belongs. @param inputs what other targets are for it */
export async function solveTarget(open: OpenTarget, { attrs, inputs }: LinkedInput, around: Surroundings): Promise<WorkerResult> {
  const { target: { build }, session, frontend, caches, exports, results } = open;
  const { worker: { control }, broken, signal } = around;
  const ref = newId();
  const watching = watchBuild(ref, open, around);
  const exporters = build.outputs.map(copied);
  const { exporterResponse } = await Promise.race([
    control.solve({
      ref, session, frontend, frontendAttrs: { ...open.attrs, ...attrs }, frontendInputs: { ...inputs },
      exporters,
      ...(exporters.length === 1 ? { exporter: exporters[0]!.type, exporterAttrs: exporters[0]!.attrs } : {}),
      entitlements: entitlements(build),
      cache: { exports: exports.exports.map(copied), imports: caches.imports.map(copied) },
    }, { signal }),
    broken,
  ]);
  await Promise.race([watching, delay(LAST_WORDS, undefined, { ref: false, signal })]);
  await exports.finish(exporterResponse, signal);
  const imageId = await results.finish();
  const provenance = build.tellProvenance && (await askProvenance(ref, open, build.tellProvenance, around));
  return { response: exporterResponse, ...(provenance ? { provenance } : {}), ...(imageId === undefined ? {} : { imageId }) };
}

const copied = ({ type, attrs }: { type: string; attrs: Readonly<Record<string, string>> }): { type: string; attrs: Record<string, string> } => ({ type, attrs: { ...attrs } });

/** A build is not lost for want of its story: workers before 0.11 keep none. */
async function askProvenance(ref: string, { target }: OpenTarget, extent: "min" | "max", { worker, progress, signal }: Surroundings): Promise<WorkerResult["provenance"]> {
  try {
    return await (await import("./told-provenance.ts")).toldProvenance(worker, ref, { extent, signal });
  } catch (error) {
    signal.throwIfAborted();
    progress.of(target.name)({ type: "warning", message: `the worker does not say how it made the result: ${error instanceof Error ? error.message : String(error)}` });
    return undefined;
  }
}

/** Tells of the steps of a build until it is over. */
export async function watchBuild(ref: string, { target }: OpenTarget, { worker, progress, signal }: Surroundings): Promise<void> {
  const events = new StatusEvents(progress.of(target.name));
  try {
    for await (const status of worker.control.status({ ref }, { signal })) events.report(status);
  } catch {
    // Solve tells what went wrong; this stream only shows how it went.
  }
  events.end();
}
