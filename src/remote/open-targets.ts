import { tmpdir } from "node:os";
import { lazySshAgents } from "../build/lazy-ssh-agents.ts";
import { Secrets } from "../build/secrets.ts";
import type { CredentialSource } from "../registry/credentials/credentials.ts";
import { AsyncCleanupStack } from "../std/cleanup-stack.ts";
import type { Worker } from "./connect/worker.ts";
import type { PreparedTarget } from "./prepare-targets.ts";
import { chosenFrontend, frontendAttrs } from "./request/frontend-attrs.ts";
import { sharedKeyOf } from "./request/inputs.ts";
import { sharedAttrs, sharedFolders } from "./request/share-folders.ts";
import { newId, openSession, type OpenSession } from "./session/open-session.ts";
import type { SessionServices } from "./session/services.ts";
import type { WorkerBuild } from "./worker-build.ts";

/** A target whose session is open. */
export interface OpenTarget extends PreparedTarget {
  readonly session: string;
  readonly frontend: string;
  /** What the frontend is told, but for what other targets are. */
  readonly attrs: Readonly<Record<string, string>>;
}

export interface OpenTargets extends AsyncDisposable {
  readonly targets: readonly OpenTarget[];
  /** Rejects when the worker ends a session before its time. */
  readonly broken: Promise<never>;
}

/** Sockets of agents by id, of one build. */
type AgentSockets = ReadonlyMap<string, string | undefined>;

/**
 * Opens a session for each target, and one for each folder that several of them are built of: a worker asks for it once then. Keys that
 * are lent to steps go into agents that end with the sessions.
 * @throws SSH_INVALID, before the worker is asked for anything
 */
export async function openTargets(worker: Worker, prepared: readonly PreparedTarget[], { credentials, signal }: { credentials: CredentialSource; signal: AbortSignal }): Promise<OpenTargets> {
  await using stack = new AsyncCleanupStack();
  const sessions: OpenSession[] = [];
  const open = async (services: SessionServices, id: string, sharedKey: string): Promise<void> => {
    sessions.push(stack.use(await openSession(worker, services, { id, sharedKey, signal })));
  };
  const agents = new Map<WorkerBuild, AgentSockets>();
  for (const { target: { build } } of prepared) {
    const forwarding = stack.use(lazySshAgents(build.agents, { cwd: build.cwd, temporary: tmpdir }));
    const sockets = new Map<string, string | undefined>();
    for (const { id } of build.agents) sockets.set(id, await forwarding.socket(id));
    agents.set(build, sockets);
  }
  const shared = sharedFolders(prepared.map(({ inputs }) => inputs), newId);
  for (const { path, names, session } of shared) {
    const folders = new Map([...names].map((name) => [name, path]));
    await open({ folders, results: new Map(), uploads: new Map(), layouts: new Map(), written: new Map(), login: login(credentials) }, session, sharedKeyOf(path));
  }
  const targets: OpenTarget[] = [];
  for (const each of prepared) {
    const { target: { build }, inputs, caches } = each;
    const session = newId();
    await open(servicesOf(each, { all: prepared, credentials, agents }), session, inputs.sharedKey);
    const { frontend, attrs } = chosenFrontend(build);
    targets.push({ ...each, session, frontend, attrs: { ...frontendAttrs(build), ...inputs.attrs, ...sharedAttrs(inputs, shared), ...caches.attrs, ...attrs } });
  }
  const kept = stack.move();
  const broken = Promise.race(sessions.map((session) => session.broken));
  broken.catch(() => undefined);
  return { targets, broken, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() };
}

interface ServedWith {
  readonly all: readonly PreparedTarget[];
  readonly credentials: CredentialSource;
  readonly agents: ReadonlyMap<WorkerBuild, AgentSockets>;
}

function servicesOf({ target, inputs, caches, exports, results }: PreparedTarget, { all, credentials, agents }: ServedWith): SessionServices {
  const builds = withLinked(target, all).map(({ target: { build } }) => build);
  const secrets = builds.map((build) => new Secrets(build.secrets, build.cwd));
  return {
    folders: inputs.folders,
    uploads: inputs.uploads,
    layouts: new Map([...inputs.layouts, ...exports.written, ...caches.layouts]),
    written: exports.written,
    results: results.sinks,
    secret: async (id) => {
      for (const each of secrets) {
        const found = each.get(id);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    agent: (id) => builds.map((build) => agents.get(build)?.get(id)).find((socket) => socket !== undefined),
    login: login(credentials),
  };
}

/** Steps of linked targets are done for the targets that need them, which have to give them their secrets and agents. */
function withLinked(target: PreparedTarget["target"], all: readonly PreparedTarget[]): PreparedTarget[] {
  const found = new Set(all.filter((each) => each.target === target));
  for (const each of found) {
    for (const name of each.target.linked?.values() ?? []) for (const other of all) if (other.target.name === name) found.add(other);
  }
  return [...found];
}

function login(credentials: CredentialSource): SessionServices["login"] {
  return async (host) => {
    const found = await credentials.find(host === "registry-1.docker.io" ? "docker.io" : host);
    if (found?.identityToken !== undefined) return { username: "", secret: found.identityToken };
    return found?.password === undefined ? undefined : { username: found.username ?? "", secret: found.password };
  };
}
