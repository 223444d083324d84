import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { chainId } from "../oci/chain-id.ts";
import { withLocation } from "../std/fault.ts";
import { turn } from "../std/turn.ts";
import { Semaphore } from "../std/semaphore.ts";
import type { OnProgress } from "../std/progress.ts";
import type { LocalFolder } from "../context/open-context.ts";
import type { Fetched } from "../fetch/fetched.ts";
import type { CopyOperation, ImageOperation, LocalOperation, MkdirOperation, Vertex } from "../graph/vertex.ts";
import type { DistantLayer, Result, Runner } from "../solve/ports.ts";
import type { SourceTree } from "../files/source-view.ts";
import type { Store } from "../store/open-store.ts";
import type { AgentForwarding } from "./lazy-ssh-agents.ts";
import { stackMerge } from "./stack-merge.ts";
import { digestMounts, type MountedInput } from "./digest-mounts.ts";
import { executeRun } from "./execute-run.ts";
import { digestCopy, performFiles, type CopiedContent } from "./perform-files.ts";
import type { OnFailedRun } from "./failed-run.ts";
import type { Sandboxes } from "./sandboxes.ts";
import type { MountsElsewhere } from "./mounts-elsewhere.ts";
import type { Secrets } from "./secrets.ts";

export interface RunnerOptions {
  readonly store: Store;
  /** The build context, or a folder that --build-context names. */
  readonly contextOf: (operation: LocalOperation) => LocalFolder;
  readonly sandboxes: Sandboxes;
  readonly secrets: Secrets;
  readonly agents: AgentForwarding;
  readonly mountsElsewhere: MountsElsewhere;
  /** Called when a step has to be done, and waited for: what can be started ahead starts better before long work. */
  readonly onWork: () => Promise<void>;
  /** Called when the files of a step will be there in a moment. */
  readonly onComing: (vertex: Vertex) => void;
  /** Brings what a vertex says from elsewhere. */
  readonly fetch: (vertex: Vertex, signal: AbortSignal) => Promise<Fetched>;
  /** Unpacks a base image and gives the id of its top snapshot. */
  readonly materialize: (operation: ImageOperation, stepId: string) => Promise<string | undefined>;
  /** Unpacks layers from caches elsewhere upon a base image, and gives the id of the top snapshot. */
  readonly restore: (vertex: Vertex, layers: readonly DistantLayer[], signal: AbortSignal) => Promise<string>;
  /** Write owners that this user namespace cannot give into an xattr. */
  readonly recordOwners: boolean;
  readonly hostCertificates: boolean;
  /** `builtin`, or an OCI runtime. */
  readonly runtime: string;
  readonly onProgress: OnProgress;
  readonly onFailedRun?: OnFailedRun | undefined;
}

/** How many commands run at once: they often wait for the network, so a few more than there are cores. */
const RUN_LIMIT = Math.max(4, availableParallelism() * 2);

/** Does the work of vertices on the store's snapshots. */
export interface BuildRunner extends Runner {
  /** Where the files of a vertex are: a base image is unpacked, and layers are put together, when they are first asked for. */
  snapshotOf(vertex: Vertex | undefined, result: Result | undefined): Promise<string | undefined>;
  /** The same, as far as it has been done. */
  snapshotNow(vertex: Vertex, result: Result): string | undefined;
}

export function createRunner(options: RunnerOptions): BuildRunner {
  const { store } = options;
  const slots = new Semaphore(RUN_LIMIT);
  const made = new Map<Vertex, Promise<string | undefined>>();
  const present = new Map<Vertex, string | undefined>();
  const contents = new Map<Vertex, CopiedContent>();

  const snapshotOf = (vertex: Vertex | undefined, result: Result | undefined): Promise<string | undefined> => {
    if (!vertex || !result || result.snapshot !== undefined) return Promise.resolve(result?.snapshot);
    let promise = made.get(vertex);
    if (!promise) {
      promise = vertex.operation.kind === "merge" ? putTogether(vertex, result) : unpackImage(options, vertex);
      made.set(vertex, promise);
      promise.then((snapshot) => present.set(vertex, snapshot), () => undefined);
    }
    return promise;
  };
  const putTogether = async (vertex: Vertex, { resultId, createdAt, parts }: Result): Promise<string> => {
    const below = await snapshotOf(vertex.inputs[0], parts!.below);
    return reported(options, vertex, async () => {
      const { id } = await stackMerge(store, below, parts!.layer.snapshot!);
      store.cache.save({ key: resultId, aliases: [], resultId, slot: vertex.slot, snapshot: id, createdAt, components: { kind: "merge" } });
      return id;
    });
  };

  const treeOf = async (vertex: Vertex | undefined, result: Result | undefined): Promise<SourceTree | undefined> => {
    if (!vertex) return undefined;
    if (vertex.operation.kind === "local") {
      const { name } = vertex.operation;
      const { root, excludes, zeroOwner } = options.contextOf(vertex.operation);
      return { layers: [root], excludes: [...excludes], zeroOwner, ...(zeroOwner ? {} : { recordOwners: options.recordOwners }), ...(name === "context" ? {} : { name: `the context ${name.slice(8)}` }) };
    }
    const snapshot = await snapshotOf(vertex, result);
    // Stages that begin with the same image are one vertex, which has the name of one of them only.
    const name = vertex.operation.kind === "image" ? vertex.operation.reference.replace(/@.*$/, "") : vertex.name.replace(/^\[([^\]]*?) *\d+\/\d+\].*$/s, "stage $1");
    return { layers: snapshot === undefined ? [] : store.snapshots.lowers(snapshot), zeroOwner: false, recordOwners: options.recordOwners, name };
  };

  const treesOf = async (vertex: Vertex, results: readonly (Result | undefined)[]): Promise<SourceTree[]> =>
    Promise.all(vertex.inputs.slice(1).map(async (input, index) => (await treeOf(input, results[index])) ?? emptyTree(store)));
  const mountedInput = (vertex: Vertex, inputs: readonly (Result | undefined)[]) => async (index: number): Promise<MountedInput> => {
    const input = vertex.inputs[index]!;
    const isCopied = input.operation.kind === "copy" && input.operation.mounted === true;
    return { tree: (await treeOf(input, inputs[index]))!, identity: inputs[index]!.resultId, content: isCopied ? contents.get(input) : undefined };
  };

  return {
    snapshotOf,
    snapshotNow: (vertex, result) => result.snapshot ?? present.get(vertex),

    source: async (vertex) => {
      const chain = chainId((vertex.operation as ImageOperation).diffIds)!;
      const snapshot = store.snapshots.byChainId(chain);
      return { resultId: chain, snapshot: snapshot?.id, createdAt: snapshot?.createdAt ?? 0 };
    },

    fetch: async (vertex, signal) => {
      const { identity, snapshot, createdAt, cached, why } = await options.fetch(vertex, signal);
      return { resultId: identity, snapshot, createdAt, cached, why };
    },

    content: async (vertex, inputs, signal) => {
      if (vertex.operation.kind === "run") return digestMounts(store, vertex.operation, { input: mountedInput(vertex, inputs), signal });
      const content = await digestCopy(store, vertex.operation as CopyOperation, await treesOf(vertex, inputs.slice(1)), signal);
      contents.set(vertex, content);
      return content;
    },

    expect: options.onWork,

    restore: options.restore,

    run: async (vertex, inputs, { previous, signal }) => {
      await options.onWork();
      const parent = await snapshotOf(vertex.inputs[0], inputs[0]);
      const { operation } = vertex;
      const trees = operation.kind === "copy" ? await treesOf(vertex, inputs.slice(1)) : [];
      const active = store.snapshots.prepare(parent);
      try {
        if (operation.kind === "run") {
          await slots.run(() => executeRun({ ...options, input: mountedInput(vertex, inputs) }, vertex, operation, active, signal), signal);
          options.onComing(vertex);
        } else {
          options.onComing(vertex);
          await turn();
          const { recordOwners } = options;
          await performFiles(operation as CopyOperation | MkdirOperation, active, { store, recordOwners, trees, content: contents.get(vertex), previous, signal });
        }
        const createdAt = Date.now();
        return { snapshot: store.snapshots.commit(active, { createdAt }).id, createdAt };
      } catch (error) {
        await store.snapshots.discard(active);
        throw error;
      }
    },
  };
}

async function unpackImage(options: RunnerOptions, vertex: Vertex): Promise<string | undefined> {
  try {
    return await reported(options, vertex, () => options.materialize(vertex.operation as ImageOperation, vertex.digest));
  } catch (error) {
    // What is wrong is the base image, not the step that is the first to need its files.
    throw vertex.location ? withLocation(error, vertex.location) : error;
  }
}

async function reported<Result>({ onProgress }: RunnerOptions, vertex: Vertex, work: () => Promise<Result>): Promise<Result> {
  const step = { type: "step", id: vertex.digest, name: vertex.name, started: Date.now() } as const;
  onProgress(step);
  const result = await work();
  onProgress({ ...step, completed: Date.now() });
  return result;
}

/** What is read from `scratch` and from stages without files. */
function emptyTree(store: Store): SourceTree {
  const folder = join(store.temporary, "nothing");
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return { layers: [folder], zeroOwner: false, name: "an empty file system" };
}
