import { accessCredentials } from "../../build/access-credentials.ts";
import { aboutOf } from "../../build/build-about.ts";
import { commitOf } from "../../build/build-commit.ts";
import { BuildRecording } from "../../build/build-recording.ts";
import { buildOnWorker } from "../../remote/build-on-worker.ts";
import { parseBuilderAddress } from "../../remote/connect/builder-address.ts";
import type { WorkerTarget } from "../../remote/prepare-targets.ts";
import type { WorkerResult } from "../../remote/solve-target.ts";
import { AsyncCleanupStack } from "../../std/cleanup-stack.ts";
import { isFault } from "../../std/fault.ts";
import type { Store } from "../../store/open-store.ts";
import type { FlagValues } from "../flags/flag.ts";
import { registryAccess, type registryFlags } from "../flags/registry-flags.ts";
import type { Io } from "../io.ts";
import { LogKeeper } from "../progress/log-keeper.ts";
import { createRenderer, type ProgressMode } from "../progress/renderer.ts";
import { becomeRoot, openOwnStore } from "../with-store.ts";
import type { builderFlags } from "./builder-flags.ts";

export interface OnWorkerCall {
  readonly builder: string;
  readonly flags: FlagValues<typeof registryFlags> & FlagValues<Omit<typeof builderFlags, "builder">>;
  readonly progress: ProgressMode;
  /** Registries that --creds may be for. */
  readonly hosts: readonly string[];
  readonly io: Io;
  readonly signal: AbortSignal;
}

/** What became of targets that were built on a worker. */
export interface BuiltOnWorker {
  /** The build's name in this machine's history. */
  readonly ref: string;
  /** By name. */
  readonly results: ReadonlyMap<string | undefined, WorkerResult>;
}

/** Builds targets on the worker at an address, shows how it goes, and notes it in this machine's history of builds. */
export async function onWorker(targets: readonly WorkerTarget[], { builder, flags, progress, hosts, io, signal }: OnWorkerCall): Promise<BuiltOnWorker> {
  const tls = { ca: flags["builder-tls-ca"], cert: flags["builder-tls-cert"], key: flags["builder-tls-key"] };
  const address = parseBuilderAddress(builder, Object.fromEntries(Object.entries(tls).filter(([, path]) => path !== undefined)));
  // Programs that carry the connection, as ssh, had better be run by the user himself, where nothing needs the namespace.
  if (targets.some(({ build }) => build.outputs.some(({ sink }) => sink.kind === "store"))) await becomeRoot();
  const credentials = await accessCredentials(await registryAccess(flags, hosts, { io, signal }));
  const renderer = await createRenderer(progress, { stream: io.stderr, env: io.env });
  using logs = new LogKeeper();
  const recording = new BuildRecording((event) => {
    renderer.onEvent(event);
    if (!renderer.showsLogs) logs.add(event);
  });
  await using cleanup = new AsyncCleanupStack();
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => (opened ??= openOwnStore().then((found) => cleanup.use(found)));
  const wanted = targets.filter(({ inner }) => inner !== true).map(({ build }) => build);
  const work = (): Promise<Map<string | undefined, WorkerResult>> => buildOnWorker(targets, { builder, address, credentials, store, onProgress: recording.onProgress, signal });
  try {
    const noted = process.getuid?.() === 0 ? await withoutFault(store()) : undefined;
    if (noted === undefined) return { ref: recording.ref, results: await work() };
    const about = { ...aboutOf(wanted.map((build) => ({ ...build, platform: build.platforms, buildContexts: Object.fromEntries(build.contexts) }))), ...(await commitOf(wanted, signal)), builder: builder.replace(/\?.*$/s, "") };
    return { ref: recording.ref, results: await recording.during(work, { store: noted, about, signal }) };
  } catch (error) {
    renderer.close();
    if (isFault(error, "BUILDER_FAILED")) logs.writeFailed(io.stderr);
    throw error;
  } finally {
    renderer.close();
  }
}

/** A build that leaves nothing here needs no store, and is not lost for want of its record. */
async function withoutFault<Value>(pending: Promise<Value>): Promise<Value | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
}
