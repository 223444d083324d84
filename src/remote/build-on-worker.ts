import { emptySecrets } from "../build/secrets.ts";
import type { CredentialSource } from "../registry/credentials/credentials.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import type { BuilderAddress } from "./connect/builder-address.ts";
import { dialBuilder } from "./connect/dial-builder.ts";
import { connectWorker, type Worker } from "./connect/worker.ts";
import { LinkedTargets } from "./linked-targets.ts";
import { openTargets, type OpenTarget } from "./open-targets.ts";
import { prepareTargets, type PreparedTarget, type WorkerTarget } from "./prepare-targets.ts";
import { solveTarget, type WorkerResult } from "./solve-target.ts";
import { TargetProgress } from "./target-progress.ts";
import { workerFault } from "./worker-fault.ts";

export interface OnWorkerOptions {
  /** As the user wrote it. */
  readonly builder: string;
  readonly address: BuilderAddress;
  readonly credentials: CredentialSource;
  /** Opens the store when an image goes into it. */
  readonly store: () => Promise<Store>;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/**
 * Sends builds to a BuildKit worker, serves what it asks for while it works, and puts what it sends where it belongs. Several
 * targets go side by side; what they have in common the worker does once. The first failure ends the others.
 * @returns the results of those that are not `inner`, by name
 * @throws BUILDER_UNREACHABLE, BUILDER_FAILED, BUILDER_INVALID, those of contexts and outputs, and the signal's reason
 */
export async function buildOnWorker(targets: readonly WorkerTarget[], options: OnWorkerOptions): Promise<Map<string | undefined, WorkerResult>> {
  const { builder, address, signal } = options;
  for (const message of emptySecrets(targets.flatMap(({ build }) => build.secrets))) options.onProgress({ type: "warning", message });
  using prepared = await prepareTargets(targets, options);
  using line = await dialBuilder(address, { builder, signal });
  using worker = connectWorker(line);
  const stop = new AbortController();
  let begun = false;
  const onProgress: OnProgress = (event) => {
    begun = true;
    options.onProgress(event);
  };
  const faultOf = (error: unknown, target?: string): unknown => workerFault(error, { builder, said: line.said(), target, begun });
  try {
    return await buildAll(worker, prepared.targets, { ...options, onProgress, faultOf, signal: AbortSignal.any([signal, stop.signal]) });
  } catch (error) {
    for (const { results } of prepared.targets) results.abandon(error);
    signal.throwIfAborted();
    throw faultOf(error);
  } finally {
    stop.abort();
  }
}

async function buildAll(
  worker: Worker, targets: readonly PreparedTarget[], { credentials, onProgress, faultOf, signal }: OnWorkerOptions & { readonly faultOf: (error: unknown, target?: string) => unknown },
): Promise<Map<string | undefined, WorkerResult>> {
  await using opened = await openTargets(worker, targets, { credentials, signal });
  const around = { worker, broken: opened.broken, progress: new TargetProgress(onProgress), signal };
  const links = new LinkedTargets(opened.targets, around);
  const build = async (open: OpenTarget): Promise<readonly [string | undefined, WorkerResult]> => {
    const { name } = open.target;
    try {
      return [name, await solveTarget(open, await links.inputsOf(open), around)];
    } catch (error) {
      throw faultOf(error, name);
    }
  };
  const results = await Promise.all(opened.targets.filter(({ target }) => target.inner !== true).map(build));
  await links.finish();
  return new Map(results);
}
