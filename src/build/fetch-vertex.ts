import type { Fetched } from "../fetch/fetched.ts";
import type { RemoteSources } from "../fetch/remote-sources.ts";
import type { Vertex } from "../graph/vertex.ts";
import type { OnProgress } from "../std/progress.ts";
import type { AgentForwarding } from "./lazy-ssh-agents.ts";

/**
 * Brings what a vertex of the graph says from elsewhere, and reports how far a download is. A repository that a Dockerfile
 * names may use the agent that `--ssh default` gives, one that the user names what the user has. @throws SSH_INVALID, GIT_…, FETCH_…
 */
export async function fetchVertex(
  remote: RemoteSources, { operation, digest }: Vertex, { agents, onProgress, signal }: { agents: AgentForwarding; onProgress: OnProgress; signal: AbortSignal },
): Promise<Fetched> {
  if (operation.kind === "git") {
    const socket = operation.trusted ? undefined : await agents.socket("default");
    return remote.git(operation.source, { signal, ssh: operation.trusted ? {} : socket === undefined ? undefined : { socket } });
  }
  if (operation.kind !== "http") throw new Error(`a vertex of kind ${operation.kind} is not fetched`);
  const { kind: _, ...source } = operation;
  const started = Date.now();
  const onBytes = (current: number, total: number | undefined): void => onProgress({
    type: "transfer", id: digest, key: source.filename, action: "transferring", current, started, ...(total === undefined ? {} : { total }),
  });
  return remote.http(source, { onBytes, signal });
}
