import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { chainId } from "../oci/chain-id.ts";
import { fault, withLocation } from "../std/fault.ts";
import { inWorker, warmWorker } from "../std/worker-pool.ts";
import { Semaphore } from "../std/semaphore.ts";
import type { OnProgress } from "../std/progress.ts";
import type { BuildContext } from "../context/open-context.ts";
import type { ImageOperation, MkdirOperation, CopyOperation, RunOperation, Vertex } from "../graph/vertex.ts";
import type { Content, Result, Runner } from "../solve/ports.ts";
import type { Executor, RunJob } from "../exec/run-job.ts";
import type { digestSources } from "../files/digest-sources.ts";
import type { SourceTree } from "../files/source-view.ts";
import type { FileOperation, performFileOperation } from "../files/file-operation.ts";
import type { Store } from "../store/open-store.ts";
import type { ActiveSnapshot } from "../store/snapshot-store.ts";

export interface RunnerOptions {
  readonly store: Store;
  readonly context: BuildContext;
  readonly executor: () => Promise<Executor>;
  /** Unpacks a base image and gives the id of its top snapshot. */
  readonly materialize: (operation: ImageOperation, stepId: string) => Promise<string | undefined>;
  /** Write owners that this user namespace cannot give into an xattr. */
  readonly recordOwners: boolean;
  readonly hostCertificates: boolean;
  readonly onProgress: OnProgress;
}

/** How many commands run at once: they often wait for the network, so a few more than there are cores. */
const RUN_LIMIT = Math.max(4, availableParallelism() * 2);
/** A copy of so many entries and bytes is done sooner than a worker is started; an archive to unpack may hold more. */
const SHORT_ENTRIES = 300;
const SHORT_BYTES = 4 * 1024 * 1024;
/** Whole log of a failed RUN is shown again with its error up to this many bytes; all of it went by as progress. */
const ERROR_LOG_LIMIT = 64 * 1024;

/** Does the work of vertices on the store's snapshots. */
export function createRunner(options: RunnerOptions): Runner {
  const { store } = options;
  const slots = new Semaphore(RUN_LIMIT);
  const unpacked = new Map<Vertex, Promise<string | undefined>>();
  const short = new Set<Vertex>();

  /** The snapshot of an input; a base image is unpacked when something is really done on it. */
  const snapshotOf = (vertex: Vertex | undefined, result: Result | undefined): Promise<string | undefined> => {
    if (!vertex || !result || result.snapshot !== undefined) return Promise.resolve(result?.snapshot);
    let promise = unpacked.get(vertex);
    if (!promise) unpacked.set(vertex, (promise = unpackImage(options, vertex)));
    return promise;
  };

  const treeOf = async (vertex: Vertex | undefined, result: Result | undefined): Promise<SourceTree | undefined> => {
    if (!vertex) return undefined;
    if (vertex.operation.kind === "local") {
      return { layers: [options.context.root], excludes: [...options.context.excludes], zeroOwner: true };
    }
    const snapshot = await snapshotOf(vertex, result);
    return { layers: snapshot === undefined ? [] : store.snapshots.lowers(snapshot), zeroOwner: false, recordOwners: options.recordOwners };
  };

  return {
    source: async (vertex) => {
      const chain = chainId((vertex.operation as ImageOperation).diffIds)!;
      const snapshot = store.snapshots.byChainId(chain);
      if (snapshot) store.snapshots.touch(snapshot.id);
      return { resultId: chain, snapshot: snapshot?.id, createdAt: snapshot?.createdAt ?? 0 };
    },

    content: async (vertex, tree, signal) => {
      const source = (await treeOf(vertex.inputs[1], tree))!;
      const content = await digestContent(options, vertex, source, signal);
      if (content.entries.length <= SHORT_ENTRIES && content.bytes <= SHORT_BYTES) short.add(vertex);
      return content;
    },

    run: async (vertex, inputs, signal) => {
      const parent = await snapshotOf(vertex.inputs[0], inputs[0]);
      const { operation } = vertex;
      const tree = operation.kind === "copy" ? await treeOf(vertex.inputs[1], inputs[1]) : undefined;
      const active = store.snapshots.prepare(parent);
      try {
        if (operation.kind === "run") await slots.run(() => execute(options, vertex, operation, active, signal), signal);
        else await performFiles(options, operation as CopyOperation | MkdirOperation, active, tree, { signal, short: operation.kind === "mkdir" || short.has(vertex) });
        const createdAt = Date.now();
        return { snapshot: store.snapshots.commit(active, { createdAt }).id, createdAt };
      } catch (error) {
        store.snapshots.discard(active);
        throw error;
      }
    },
  };
}

/** What COPY reads, hashed; digests of unchanged files come from earlier builds. */
async function digestContent({ store }: RunnerOptions, vertex: Vertex, tree: SourceTree, signal: AbortSignal): Promise<Content & { readonly bytes: number }> {
  const operation = vertex.operation as CopyOperation;
  const scope = tree.layers[0] ?? "";
  const known = store.fileDigests.load(scope);
  const result = await inWorker<Parameters<typeof digestSources>[0], ReturnType<typeof digestSources>>(
    new URL("../files/digest-sources.ts", import.meta.url),
    "digestSources",
    { tree, sources: operation.sources, wildcards: true, command: operation.command, known },
    { signal, short: known.size > 0 },
  );
  for (const [key, digest] of result.learned) store.fileDigests.put(key, digest, scope);
  return { digest: result.digest, entries: result.entries, bytes: operation.command === "ADD" ? Infinity : result.bytes };
}

async function performFiles(
  options: RunnerOptions,
  operation: CopyOperation | MkdirOperation,
  active: ActiveSnapshot,
  tree: SourceTree | undefined,
  how: { signal: AbortSignal; short: boolean },
): Promise<void> {
  const fileOperation: FileOperation = operation.kind === "mkdir"
    ? { kind: "mkdir", path: operation.path, mode: operation.mode, ...(operation.owner ? { owner: operation.owner } : {}) }
    : {
        kind: "copy",
        createdBy: operation.command,
        sources: operation.sources.map((path) => ({ tree: 0, path, wildcards: true, unpack: operation.command === "ADD" ? "auto" : "never" })),
        inline: operation.inline.map(({ name, content }) => ({ name, content: Buffer.from(content), mode: 0o644 })),
        destination: operation.destination,
        ...(operation.chown ? { chown: operation.chown } : {}),
        ...(operation.chmod ? { chmod: operation.chmod } : {}),
      };
  await inWorker<Parameters<typeof performFileOperation>[0], Awaited<ReturnType<typeof performFileOperation>>>(
    new URL("../files/file-operation.ts", import.meta.url),
    "performFileOperation",
    { operation: fileOperation, upper: active.upper, lowers: active.lowers, trees: tree ? [tree] : [], recordOwners: options.recordOwners },
    how,
  );
}

async function unpackImage({ materialize, onProgress }: RunnerOptions, vertex: Vertex): Promise<string | undefined> {
  const step = { type: "step", id: vertex.digest, name: vertex.name, started: Date.now() } as const;
  onProgress(step);
  try {
    const snapshot = await materialize(vertex.operation as ImageOperation, vertex.digest);
    onProgress({ ...step, completed: Date.now() });
    return snapshot;
  } catch (error) {
    onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    // What is wrong is the base image, not the step that is the first to need its files.
    throw vertex.location ? withLocation(error, vertex.location) : error;
  }
}

async function execute(options: RunnerOptions, vertex: Vertex, operation: RunOperation, active: ActiveSnapshot, signal: AbortSignal): Promise<void> {
  warmWorker(new URL("../layer/pack-layer.ts", import.meta.url));
  const executor = await options.executor();
  const documents = operation.documents.length > 0 ? writeDocuments(options.store.temporary, operation) : undefined;
  const job: RunJob = {
    root: { kind: "overlay", lowers: active.lowers, upper: active.upper, work: active.work },
    args: [...operation.args],
    env: [...operation.env, ...operation.proxyEnv],
    cwd: operation.cwd,
    user: operation.user,
    hostname: operation.hostname,
    extraHosts: [...operation.extraHosts],
    network: operation.network,
    mounts: documents ? [{ source: documents, target: "/dev/pipes", readonly: true }] : [],
    hostCertificates: options.hostCertificates,
    stdin: "null",
    terminal: false,
  };
  const tail = new LogTail();
  try {
    const { exitCode, signal: killedBy } = await executor.run(job, {
      signal,
      onOutput: (stream, data) => {
        tail.add(data);
        options.onProgress({ type: "log", id: vertex.digest, stream, data, time: Date.now() });
      },
    });
    if (exitCode === 0 && killedBy === undefined) return;
    throw fault(
      "RUN_FAILED",
      { command: operation.args.join(" "), exitCode, step: vertex.name, log: tail.text(), ...(killedBy ? { signal: killedBy } : {}) },
      vertex.location ? { location: vertex.location } : {},
    );
  } finally {
    if (documents) rmSync(documents, { recursive: true, force: true });
  }
}

function writeDocuments(temporary: string, operation: RunOperation): string {
  const folder = mkdtempSync(join(temporary, "documents-"));
  for (const { name, content } of operation.documents) writeFileSync(join(folder, name), content, { mode: 0o755 });
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
