import { join } from "node:path";
import { hideLogin } from "../context/git-url.ts";
import type { RemotePort, RemoteTree } from "../context/remote-context.ts";
import type { Fetched } from "../fetch/fetched.ts";
import type { SshAccess } from "../fetch/git-command.ts";
import { showGit, type RemoteSources } from "../fetch/remote-sources.ts";
import type { unpackArchive } from "../layer/unpack-archive.ts";
import { sha256 } from "../oci/digest.ts";
import type { OnProgress } from "../std/progress.ts";
import { inWorker } from "../std/worker-pool.ts";
import { timeOfFile } from "./source-time.ts";
import type { Store } from "../store/open-store.ts";

/**
 * Contexts from elsewhere, each kept in the store; what the user names may use the user's SSH keys.
 * @param options.ssh an agent in place of those keys
 */
export function createRemotePort(
  store: Store, remote: RemoteSources, { recordOwners, onProgress, signal, ssh = {} }: { recordOwners: boolean; onProgress: OnProgress; signal: AbortSignal; ssh?: SshAccess },
): RemotePort {
  const folderOf = (snapshot: string): string => store.snapshots.get(snapshot)!.folder;
  const asked = new Map<string, Promise<Fetched>>();
  const fetchFile = (url: string): Promise<Fetched> => {
    let promise = asked.get(url);
    if (!promise) asked.set(url, (promise = reported(onProgress, `[internal] load remote build context ${hideLogin(url)}`, () => remote.http({ url, filename: "context" }, { signal }))));
    return promise;
  };
  const file = async (url: string): ReturnType<RemotePort["file"]> => {
    const { snapshot, modified } = await fetchFile(url);
    return { folder: folderOf(snapshot), path: join(folderOf(snapshot), "context"), modified };
  };
  const unpack = async (url: string): Promise<RemoteTree | undefined> => {
    const fetched = await fetchFile(url);
    const { identity, snapshot } = fetched;
    const path = join(folderOf(snapshot), "context");
    if (!(await (await import("../layer/unpack-archive.ts")).isArchive(path))) return undefined;
    const modified = await timeOfFile(store, fetched, "context", signal);
    const key = sha256(JSON.stringify(["unpacked", identity, recordOwners]));
    using _claim = await store.claims.take(key, signal);
    const known = store.cache.find(key);
    if (known?.snapshot) return { folder: folderOf(known.snapshot), modified };
    const active = store.snapshots.prepare();
    try {
      await inWorker<Parameters<typeof unpackArchive>[0], Awaited<ReturnType<typeof unpackArchive>>>(
        "layer/unpack-archive.ts", "unpackArchive", { archive: path, destination: "", upper: active.upper, lowers: [], recordOwners }, { signal },
      );
      const createdAt = Date.now();
      const { id } = store.snapshots.commit(active, { createdAt });
      store.cache.save({ key, aliases: [], resultId: key, slot: `unpacked ${key}`, snapshot: id, createdAt, components: { kind: "unpacked", of: identity } });
      return { folder: folderOf(id), modified };
    } catch (error) {
      await store.snapshots.discard(active);
      throw error;
    }
  };
  return {
    file,
    unpacked: unpack,
    git: async (source) => {
      const { snapshot, modified } = await reported(onProgress, `[internal] load git source ${showGit(source)}`, () => remote.git(source, { signal, ssh }));
      return { folder: folderOf(snapshot), modified };
    },
  };
}

async function reported<Result extends { readonly cached: boolean; readonly why: readonly string[] }>(onProgress: OnProgress, name: string, work: () => Promise<Result>): Promise<Result> {
  const step = { type: "step", id: name, name, started: Date.now() } as const;
  onProgress(step);
  try {
    const result = await work();
    onProgress({ ...step, completed: Date.now(), why: result.why, ...(result.cached ? { cached: true } : {}) });
    return result;
  } catch (error) {
    onProgress({ ...step, completed: Date.now(), error: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
