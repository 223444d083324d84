import type { LocalFolder } from "../context/open-context.ts";
import type { Pins } from "../fetch/pins.ts";
import { RemoteSources } from "../fetch/remote-sources.ts";
import type { LocalOperation } from "../graph/vertex.ts";
import { VertexPool } from "../graph/vertex.ts";
import type { Executor } from "../exec/run-job.ts";
import { insideUserNamespace } from "../linux/user-namespace.ts";
import { mirrorTrouble } from "../registry/routes/mirror-trouble.ts";
import { AsyncCleanupStack } from "../std/cleanup-stack.ts";
import type { OnProgress, StepEvent } from "../std/progress.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { storeRoot } from "../store/store-root.ts";
import { parseReference } from "../oci/reference.ts";
import { insecureHosts } from "./build-caches.ts";
import type { BuildOptions } from "./build-options.ts";
import { lazyClient, type ClientSource } from "./lazy-client.ts";
import { lazySshAgents, type AgentForwarding } from "./lazy-ssh-agents.ts";
import type { ImageLayers } from "./materialize.ts";
import { createBaseResolver, type BaseResolver } from "./resolve-base.ts";
import { isEmulatedApart } from "../exec/emulation/find-emulation.ts";
import { createSandboxes, type Sandboxes } from "./sandboxes.ts";
import { emptySecrets, Secrets } from "./secrets.ts";

/** What all targets of one build share: said once, whatever the targets say of themselves. */
export type SharedOptions = Pick<BuildOptions, "root" | "runtime" | "hostCertificates" | "insecure" | "logins" | "anonymous" | "authFile" | "explain" | "cwd" | "onProgress" | "onFailedRun" | "signal">;

/** One build while it lasts: the store, the ways to registries, sandboxes, and what was found for any of its targets. */
export interface BuildSession extends AsyncDisposable {
  readonly store: Store;
  readonly client: ClientSource;
  readonly sandboxes: Sandboxes;
  readonly secrets: Secrets;
  readonly agents: AgentForwarding;
  readonly pool: VertexPool;
  /** Contexts that were opened, by {@link contextKey}. */
  readonly contexts: Map<string, LocalFolder>;
  /** Which commits and files the names of what was fetched stood for. */
  readonly pins: Pins;
  /** What is fetched from elsewhere. @param noCache fetches also what is here already */
  remote(noCache: boolean): RemoteSources;
  /**
   * @param pull asks the registry for images that are in the store, too
   * @param strict refuses images of the store that are for another platform
   */
  resolver(pull: boolean, strict: boolean): BaseResolver;
  /** The layers of an image that any of the resolvers has found. */
  layersOf(reference: string): ImageLayers;
  readonly access: { readonly client: ClientSource; readonly recordOwners: boolean; readonly onProgress: OnProgress; readonly signal: AbortSignal };
  /** Is disposed of with the session. */
  own<Thing extends AsyncDisposable | Disposable>(thing: Thing): Thing;
}

/** What the folder of a vertex is kept under: the scope of its target, and its name there if it has one. */
export function contextKey({ scope, name }: Pick<LocalOperation, "scope" | "name">): string {
  return `${scope} ${name}`;
}

export async function openSession(shared: SharedOptions, targets: readonly BuildOptions[]): Promise<BuildSession> {
  const onProgress: OnProgress = shared.onProgress ?? (() => undefined);
  const signal = shared.signal ?? new AbortController().signal;
  const cleanup = new AsyncCleanupStack();
  try {
    const store = cleanup.use(await openWatched(shared.root ?? storeRoot(process.env), { onProgress, signal }));
    const { get: client } = cleanup.use(lazyClient({
      ...shared, journal: store.uploads, insecure: insecureOf(shared, targets),
      onMirrorFailure: (mirror, reason) => onProgress({ type: "warning", message: mirrorTrouble(mirror, reason) }),
    }));
    const sandboxes = cleanup.use(createSandboxes(() => startExecutor(shared, store), isEmulatedApart));
    const cwd = shared.cwd ?? process.cwd();
    const given = targets.flatMap((target) => target.secrets ?? []);
    const secrets = new Secrets(given, cwd);
    for (const message of emptySecrets(given)) onProgress({ type: "warning", message });
    const agents = cleanup.use(lazySshAgents(targets.flatMap(({ ssh }) => ssh ?? []), { cwd, temporary: () => store.temporary }));
    const resolvers = new Map<string, BaseResolver>();
    const remotes = new Map<boolean, RemoteSources>();
    const pins = new Map<string, string>();
    const openRemote = (noCache: boolean): RemoteSources =>
      cleanup.use(new RemoteSources({ store, secret: async (id) => secrets.get(id)?.toString("utf8"), pull: targets.some(({ pull }) => pull === true), noCache, pins, signal }));
    return {
      store, client, sandboxes, secrets, agents, pool: new VertexPool(), contexts: new Map(), pins,
      access: { client, recordOwners: insideUserNamespace()?.mapped === "one", onProgress, signal },
      resolver: (pull, strict) => {
        const key = `${pull} ${strict}`;
        const known = resolvers.get(key) ?? createBaseResolver(store, { client, cwd: shared.cwd ?? process.cwd(), pull, strict, onProgress, signal });
        resolvers.set(key, known);
        return known;
      },
      layersOf: (reference) => [...resolvers.values()].map((resolver) => resolver.layers(reference)).find((layers) => layers !== undefined)!,
      remote: (noCache) => {
        const known = remotes.get(noCache) ?? openRemote(noCache);
        remotes.set(noCache, known);
        return known;
      },
      own: (thing) => cleanup.use(thing),
      [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
    };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens the store, which is a step of its own where it takes long. */
async function openWatched(root: string, { onProgress, signal }: { onProgress: OnProgress; signal: AbortSignal }): Promise<Store> {
  let step: StepEvent | undefined;
  const store = await openStore(root, {
    signal,
    onReading: (what) => onProgress(step = { type: "step", id: "open the store", name: `[internal] ${what}`, started: Date.now() }),
  });
  if (step) onProgress({ ...(step as StepEvent), completed: Date.now() });
  return store;
}

function insecureOf({ insecure = false }: SharedOptions, targets: readonly BuildOptions[]): boolean | readonly string[] {
  if (insecure === true) return true;
  return [...(insecure || []), ...targets.flatMap(({ cacheFrom = [], cacheTo = [] }) => insecureHosts([...cacheFrom, ...cacheTo])), ...targets.flatMap(insecureOutputs)];
}

async function startExecutor({ runtime }: SharedOptions, { temporary }: Store): Promise<Executor> {
  const { createExecutor } = await import("../exec/create-executor.ts");
  return createExecutor({ ...(runtime ? { runtime } : {}), temporary });
}

function insecureOutputs({ outputs = [], tags = [] }: BuildOptions): string[] {
  return outputs.flatMap((output) => (output.type === "registry" && output.insecure ? (output.names ?? tags).map((name) => parseReference(name).host) : []));
}
