import type { Fetched } from "../fetch/fetched.ts";
import type { RemoteSources } from "../fetch/remote-sources.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { OnProgress } from "../std/progress.ts";

/** Brings what a vertex of the graph says from elsewhere, and reports how far a download is. */
export function fetchVertex(remote: RemoteSources, { operation, digest }: Vertex, { onProgress, signal }: { onProgress: OnProgress; signal: AbortSignal }): Promise<Fetched> {
  if (operation.kind === "git") return remote.git(operation.source, { signal, ...(operation.trusted ? { ssh: {} } : {}) });
  if (operation.kind !== "http") throw new Error(`a vertex of kind ${operation.kind} is not fetched`);
  const { kind: _, ...source } = operation;
  const started = Date.now();
  const onBytes = (current: number, total: number | undefined): void => onProgress({
    type: "transfer", id: digest, key: source.filename, action: "transferring", current, started, ...(total === undefined ? {} : { total }),
  });
  return remote.http(source, { onBytes, signal });
}
