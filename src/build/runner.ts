import { availableParallelism } from "node:os";
import { chainId } from "../oci/chain-id.ts";
import { withLocation } from "../std/fault.ts";
import { Semaphore } from "../std/semaphore.ts";
import type { OnProgress } from "../std/progress.ts";
import type { BuildContext } from "../context/open-context.ts";
import type { CopyOperation, ImageOperation, MkdirOperation, Vertex } from "../graph/vertex.ts";
import type { Result, Runner } from "../solve/ports.ts";
import type { SourceTree } from "../files/source-view.ts";
import type { Store } from "../store/open-store.ts";
import { executeRun } from "./execute-run.ts";
import { digestCopy, performFiles, type CopiedContent } from "./perform-files.ts";
import type { Sandboxes } from "./sandboxes.ts";

export interface RunnerOptions {
  readonly store: Store;
  readonly context: BuildContext;
  readonly sandboxes: Sandboxes;
  /** Called when a step has to be done, and waited for: what can be started ahead starts better before long work. */
  readonly onWork: () => Promise<void>;
  /** Unpacks a base image and gives the id of its top snapshot. */
  readonly materialize: (operation: ImageOperation, stepId: string) => Promise<string | undefined>;
  /** Write owners that this user namespace cannot give into an xattr. */
  readonly recordOwners: boolean;
  readonly hostCertificates: boolean;
  readonly onProgress: OnProgress;
}

/** How many commands run at once: they often wait for the network, so a few more than there are cores. */
const RUN_LIMIT = Math.max(4, availableParallelism() * 2);

/** Does the work of vertices on the store's snapshots. */
export function createRunner(options: RunnerOptions): Runner {
  const { store } = options;
  const slots = new Semaphore(RUN_LIMIT);
  const unpacked = new Map<Vertex, Promise<string | undefined>>();
  const contents = new Map<Vertex, CopiedContent>();

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
    const name = vertex.name.replace(/^\[([^\]]*?) *\d+\/\d+\].*$/s, "stage $1");
    return { layers: snapshot === undefined ? [] : store.snapshots.lowers(snapshot), zeroOwner: false, recordOwners: options.recordOwners, name };
  };

  return {
    source: async (vertex) => {
      const chain = chainId((vertex.operation as ImageOperation).diffIds)!;
      const snapshot = store.snapshots.byChainId(chain);
      return { resultId: chain, snapshot: snapshot?.id, createdAt: snapshot?.createdAt ?? 0 };
    },

    content: async (vertex, tree, signal) => {
      const source = (await treeOf(vertex.inputs[1], tree))!;
      const content = await digestCopy(store, vertex.operation as CopyOperation, source, signal);
      contents.set(vertex, content);
      return content;
    },

    run: async (vertex, inputs, { previous, signal }) => {
      await options.onWork();
      const parent = await snapshotOf(vertex.inputs[0], inputs[0]);
      const { operation } = vertex;
      const tree = operation.kind === "copy" ? await treeOf(vertex.inputs[1], inputs[1]) : undefined;
      const active = store.snapshots.prepare(parent);
      try {
        if (operation.kind === "run") {
          await slots.run(() => executeRun({ ...options, temporary: store.temporary }, vertex, operation, active, signal), signal);
        } else {
          const { recordOwners } = options;
          await performFiles(operation as CopyOperation | MkdirOperation, active, { store, recordOwners, tree, content: contents.get(vertex), previous, signal });
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
