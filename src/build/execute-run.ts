import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fault, isFault } from "../std/fault.ts";
import { warmWorker } from "../std/worker-pool.ts";
import type { OnProgress } from "../std/progress.ts";
import type { RunOperation, Vertex } from "../graph/vertex.ts";
import { findEmulation } from "../exec/emulation/find-emulation.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RunJob } from "../exec/run-job.ts";
import type { Store } from "../store/open-store.ts";
import type { ActiveSnapshot } from "../store/snapshot-store.ts";
import { guarded } from "../store/storage-fault.ts";
import type { OnFailedRun } from "./failed-run.ts";
import type { AgentForwarding } from "./lazy-ssh-agents.ts";
import type { Sandboxes } from "./sandboxes.ts";
import type { MountsElsewhere } from "./mounts-elsewhere.ts";
import type { Secrets } from "./secrets.ts";
import { prepareStepMounts, type StepMountOptions } from "./step-mounts.ts";

export interface RunOptions {
  readonly sandboxes: Sandboxes;
  readonly hostCertificates: boolean;
  readonly runtime: string;
  readonly store: Store;
  readonly secrets: Secrets;
  readonly agents: AgentForwarding;
  readonly mountsElsewhere: MountsElsewhere;
  readonly recordOwners: boolean;
  /** What the inputs are that the RUN mounts. */
  readonly input: StepMountOptions["input"];
  readonly onProgress: OnProgress;
  readonly onFailedRun?: OnFailedRun | undefined;
}

/** Milliseconds. */
const LONG_RUN = 300;
/** The end of a log that goes with the error, in bytes; all of it went by as progress. */
const ERROR_LOG_LIMIT = 64 * 1024;

/**
 * Runs the command of a RUN in a container on a snapshot that is being made.
 * @throws RUN_FAILED with the end of the log, and the faults of exec
 */
export async function executeRun(options: RunOptions, vertex: Vertex, operation: RunOperation, active: ActiveSnapshot, signal: AbortSignal): Promise<void> {
  const emulator = findEmulation(operation.platform);
  if (emulator && options.runtime !== "builtin") throw fault("EMULATION_RUNTIME", { platform: formatPlatform(operation.platform), runtime: options.runtime });
  await using prepared = await prepareStepMounts(operation, {
    ...options, signal,
    onWait: (cache) => options.onProgress({
      type: "log", id: vertex.digest, stream: "stderr", time: Date.now(), data: Buffer.from(`waiting for the cache ${cache}, which another RUN is using or filling\n`),
    }),
  });
  const documents = operation.documents.length > 0 ? writeDocuments(options.store.temporary, operation) : undefined;
  guarded(active.work, () => mkdirSync(active.work, { mode: 0o700 }));
  const job: RunJob = {
    root: { kind: "overlay", lowers: active.lowers, upper: active.upper, work: active.work },
    args: [...operation.args],
    env: withVariables([...operation.env, ...operation.proxyEnv], prepared.env),
    cwd: operation.cwd,
    user: operation.user,
    hostname: operation.hostname,
    extraHosts: [...operation.extraHosts],
    network: operation.network,
    ...(operation.shmSize === undefined ? {} : { shmSize: operation.shmSize }),
    ...(operation.ulimits === undefined ? {} : { ulimits: operation.ulimits }),
    mounts: documents ? [{ source: documents, target: "/dev/pipes", readonly: true }] : [],
    ...(prepared.mounts.length > 0 ? { stepMounts: prepared.mounts } : {}),
    ...(operation.security === "insecure" ? { insecure: true } : {}),
    hostCertificates: options.hostCertificates,
    ...(emulator ? { emulator } : {}),
    stdin: "null",
    terminal: false,
  };
  const tail = new LogTail();
  // What runs for long often leaves a large layer, for which a worker should stand ready.
  const long = setTimeout(() => warmWorker("layer/pack-layer.ts"), LONG_RUN);
  try {
    const { exitCode, signal: killedBy } = await options.sandboxes.run(vertex, job, {
      signal,
      onOutput: (stream, data) => {
        tail.add(data);
        options.onProgress({ type: "log", id: vertex.digest, stream, data, time: Date.now() });
      },
    });
    if (exitCode === 0 && killedBy === undefined) return;
    const absent = (operation.mounts ?? []).flatMap((mount) => (mount.kind === "secret" && !options.secrets.ids.includes(mount.id) ? [mount.id] : []));
    const error = fault(
      "RUN_FAILED",
      { command: operation.args.join(" "), exitCode, step: vertex.name, log: tail.text(), ...(killedBy ? { signal: killedBy } : {}), ...(absent.length > 0 ? { absent } : {}), ...(options.recordOwners ? { oneId: true } : {}) },
      vertex.location ? { location: vertex.location } : {},
    );
    await options.onFailedRun?.({
      name: vertex.name, error, args: operation.args,
      run: ({ env = [], ...other }, how) => options.sandboxes.run(vertex, { ...job, ...other, env: [...job.env, ...env] }, how),
    });
    throw error;
  } catch (error) {
    throw missingSource(error, operation) ?? error;
  } finally {
    clearTimeout(long);
    if (documents) rmSync(documents, { recursive: true, force: true });
  }
}

/** Variables of secrets go before those of the image that have the same name. */
function withVariables(env: readonly string[], more: readonly string[]): string[] {
  const names = new Set(more.map((pair) => pair.split("=", 1)[0]));
  return [...env.filter((pair) => !names.has(pair.split("=", 1)[0])), ...more];
}

/** What is missing in a cache is found out when it is mounted. */
function missingSource(error: unknown, { args, mounts = [] }: RunOperation): Error | undefined {
  if (!isFault(error, "SANDBOX_FAILED") || (error.details as { step?: string }).step !== "openat2") return undefined;
  const source = mounts.flatMap((mount) => (mount.kind === "cache" && mount.source !== "/" ? [mount.source] : []))[0];
  return source === undefined ? undefined : fault("MOUNT_SOURCE_NOT_FOUND", { command: args.join(" "), source }, { cause: error });
}

function writeDocuments(temporary: string, operation: RunOperation): string {
  const folder = mkdtempSync(join(temporary, "documents-"));
  // Whoever the command runs as has to reach them, and this process's umask is none of its business.
  chmodSync(folder, 0o755);
  for (const { name, content } of operation.documents) {
    writeFileSync(join(folder, name), content, { flag: "wx" });
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** The last bytes of a log, in bounded memory. */
class LogTail {
  #chunks: Uint8Array[] = [];
  #size = 0;

  add(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#size += data.length;
    while (this.#chunks.length > 1 && this.#size - this.#chunks[0]!.length >= ERROR_LOG_LIMIT) this.#size -= this.#chunks.shift()!.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
