import { join } from "node:path";
import type { Fetched } from "../fetch/fetched.ts";
import type { SourceTime } from "../graph/find-epoch.ts";
import type { newestFile } from "../layer/newest-file.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { OnProgress } from "../std/progress.ts";
import type { Store } from "../store/open-store.ts";
import type { BuildSession } from "./build-session.ts";
import { fetchVertex } from "./fetch-vertex.ts";

/** When a file or a commit was made that a vertex fetches; it is fetched for that, and there when the build wants it. */
export function createSourceTime({ store, remote, agents, access: { signal } }: BuildSession, { noCache, onProgress }: { noCache: boolean; onProgress: OnProgress }): SourceTime {
  return async (vertex) => {
    const id = `source date ${vertex.digest}`;
    const step = { type: "step", id, name: `[internal] load source date of ${vertex.name}`, started: Date.now() } as const;
    onProgress(step);
    try {
      const fetched = await fetchVertex(remote(noCache), vertex, { agents, signal, onProgress: (event) => onProgress(event.type === "transfer" ? { ...event, id } : event) });
      const time = vertex.operation.kind === "http" ? await timeOfFile(store, fetched, vertex.operation.filename, signal) : fetched.modified;
      onProgress({ ...step, completed: Date.now(), ...(fetched.cached ? { cached: true } : {}) });
      return time;
    } catch (error) {
      onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  };
}

/** What the server says, else the time of the youngest file in what is an archive. */
export async function timeOfFile(store: Store, { modified, snapshot }: Fetched, filename: string, signal: AbortSignal): Promise<number | undefined> {
  const archive = join(store.snapshots.get(snapshot)!.folder, filename);
  if (modified !== undefined || !(await (await import("../layer/unpack-archive.ts")).isArchive(archive))) return modified;
  return inWorker<Parameters<typeof newestFile>[0], number | undefined>("layer/newest-file.ts", "newestFile", { archive }, { signal });
}
