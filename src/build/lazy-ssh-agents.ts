import type { ForwardedAgent, SocketRights, SshAgents, SshForward } from "./ssh-agents.ts";

/** What steps and fetches see of the agents that a build was given. */
export interface AgentForwarding {
  /** A socket of its own that leads to the agent; undefined where the build was not given it. @throws SSH_INVALID */
  forward(id: string, rights: SocketRights): Promise<ForwardedAgent | undefined>;
  /** The socket of the agent itself; undefined where the build was not given it. @throws SSH_INVALID */
  socket(id: string): Promise<string | undefined>;
}

/** Loads what forwards agents when one is asked for: most builds are given none. */
export function lazySshAgents(forwards: readonly SshForward[], options: { readonly cwd: string; readonly temporary: () => string }): AgentForwarding & AsyncDisposable {
  let opened: Promise<SshAgents> | undefined;
  const open = (): Promise<SshAgents> => (opened ??= import("./ssh-agents.ts").then(({ SshAgents }) => new SshAgents(forwards, options)));
  return {
    forward: async (id, rights) => (forwards.length === 0 ? undefined : (await open()).forward(id, rights)),
    socket: async (id) => (forwards.length === 0 ? undefined : (await open()).socket(id)),
    [Symbol.asyncDispose]: async () => (await opened)?.[Symbol.asyncDispose](),
  };
}
