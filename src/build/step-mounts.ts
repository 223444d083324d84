import { mkdirSync, mkdtempSync } from "node:fs";
import { join, posix } from "node:path";
import type { StepMount } from "../exec/run-job.ts";
import { applyAttributes } from "../files/apply-attributes.ts";
import type { performFileOperation } from "../files/file-operation.ts";
import type { SourceTree } from "../files/source-view.ts";
import type { CacheMount, RunMount, RunOperation, SecretMount, SshMount, TreeMount } from "../graph/vertex.ts";
import { AsyncCleanupStack } from "../std/cleanup-stack.ts";
import { fault } from "../std/fault.ts";
import { inWorker } from "../std/worker-pool.ts";
import type { HeldCacheMount } from "../store/cache-mounts.ts";
import type { Store } from "../store/open-store.ts";
import { removeTree } from "../store/remove-tree.ts";
import { copyRootAttributes } from "../store/snapshot-store.ts";
import type { AgentForwarding } from "./lazy-ssh-agents.ts";
import type { MountsElsewhere } from "./mounts-elsewhere.ts";
import type { Secrets } from "./secrets.ts";

export interface StepMountOptions {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly agents: AgentForwarding;
  /** What other machines have kept of cache folders. */
  readonly mountsElsewhere: Pick<MountsElsewhere, "fill" | "used">;
  readonly recordOwners: boolean;
  /** What an input of the vertex is: its files, and its identity for caches that begin as a copy of them. */
  readonly input: (index: number) => Promise<{ readonly tree: SourceTree; readonly identity: string }>;
  /** Called when a cache is in use and has to be waited for. */
  readonly onWait: (cache: string) => void;
  readonly signal: AbortSignal;
}

/** What a RUN mounts, made ready; it lasts until it is disposed of. */
export interface StepMounts extends AsyncDisposable {
  readonly mounts: readonly StepMount[];
  /** Variables for the command, `K=V`: secrets, and where an agent's socket is. */
  readonly env: readonly string[];
}

/** @throws COPY_SOURCE_NOT_FOUND, SECRET_NOT_FOUND, SECRET_INVALID, SSH_NOT_FORWARDED, SSH_INVALID, MOUNT_INVALID */
export async function prepareStepMounts(operation: RunOperation, options: StepMountOptions): Promise<StepMounts> {
  await using ready = new AsyncCleanupStack();
  const preparation = new Preparation(operation, options, ready);
  const written = operation.mounts ?? [];
  // Caches that are locked are taken in one order by all, so that no two wait for each other.
  const order = [...written].sort((a, b) => (cacheOrder(a) < cacheOrder(b) ? -1 : 1));
  const made = new Map<RunMount, StepMount | undefined>();
  for (const mount of order) made.set(mount, await preparation.prepare(mount));
  const cleanup = ready.move();
  return { mounts: written.flatMap((mount) => made.get(mount) ?? []), env: preparation.env, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
}

function cacheOrder(mount: RunMount): string {
  return mount.kind === "cache" ? mount.id : "";
}

class Preparation {
  readonly env: string[] = [];
  readonly #operation: RunOperation;
  readonly #options: StepMountOptions;
  readonly #ready: AsyncCleanupStack;
  /** One RUN has a cache once, however many of its mounts show it. */
  readonly #held = new Map<string, HeldCacheMount>();

  constructor(operation: RunOperation, options: StepMountOptions, ready: AsyncCleanupStack) {
    this.#operation = operation;
    this.#options = options;
    this.#ready = ready;
  }

  prepare(mount: RunMount): StepMount | undefined | Promise<StepMount | undefined> {
    switch (mount.kind) {
      case "tmpfs": return mount;
      case "bind": return this.#tree(mount);
      case "cache": return this.#cache(mount);
      case "secret": return this.#secret(mount);
      case "ssh": return this.#ssh(mount);
    }
  }

  async #tree({ input, source: path, target, readonly }: TreeMount): Promise<StepMount> {
    if (input === null && posix.normalize(`/${path}`) !== "/") {
      throw fault("COPY_SOURCE_NOT_FOUND", { command: "RUN --mount", source: path, from: "an empty file system" });
    }
    const lowers = input === null ? [] : [...(await this.#options.input(input)).tree.layers];
    if (readonly) return { kind: "tree", lowers, path, target, readonly };
    const folder = mkdtempSync(join(this.#options.store.temporary, "mount-"));
    this.#ready.defer(() => removeTree(folder));
    const [upper, work] = [join(folder, "fs"), join(folder, "work")];
    mkdirSync(upper, { mode: 0o755 });
    mkdirSync(work, { mode: 0o700 });
    copyRootAttributes(lowers[0], upper);
    return { kind: "tree", lowers, upper, work, path, target, readonly };
  }

  async #cache(mount: CacheMount): Promise<StepMount> {
    const { store, signal, onWait, mountsElsewhere } = this.#options;
    const from = mount.input === null ? undefined : await this.#options.input(mount.input);
    const seed = from !== undefined && mount.attributes === undefined ? `${from.identity} ${mount.seed}` : attributesText(mount);
    const known = this.#held.get(`${mount.id}\0${seed}`);
    const held = known ?? this.#ready.use(await store.cacheMounts.acquire({
      name: mount.id, seed, sharing: mount.sharing, signal,
      description: `cached mount ${mount.target} from exec ${this.#operation.args.join(" ").slice(0, 200)}`,
      fill: async (folder) => {
        if (!(await mountsElsewhere.fill({ name: mount.id, seed }, folder))) await this.#fill(mount, from?.tree, folder);
      },
      onWait: () => onWait(mount.id),
    }));
    this.#held.set(`${mount.id}\0${seed}`, held);
    mountsElsewhere.used(held.path);
    const { target, readonly } = mount;
    return { kind: "host", source: join(held.path, ".."), path: posix.join("/fs", mount.source).replace(/\/$/, ""), target, readonly };
  }

  async #fill({ seed, attributes }: CacheMount, tree: SourceTree | undefined, folder: string): Promise<void> {
    const { recordOwners, signal } = this.#options;
    if (tree === undefined || attributes !== undefined) {
      const path = join(folder, "fs");
      const { mode, uid, gid } = attributes ?? { mode: 0o755, uid: 0, gid: 0 };
      mkdirSync(path);
      return applyAttributes(path, { owner: { uid, gid }, mode }, recordOwners);
    }
    await inWorker<Parameters<typeof performFileOperation>[0], Awaited<ReturnType<typeof performFileOperation>>>("files/file-operation.ts", "performFileOperation", {
      operation: { kind: "copy", createdBy: "RUN --mount", mounted: true, writable: true, sources: [{ tree: 0, path: seed!, wildcards: false, unpack: "never" }], destination: "/fs" },
      upper: folder, lowers: [], trees: [tree], recordOwners,
    }, { signal });
  }

  #secret({ id, target, env, required, mode, uid, gid }: SecretMount): StepMount | undefined {
    const value = this.#options.secrets.get(id);
    if (value === undefined) {
      if (required) throw fault("SECRET_NOT_FOUND", { id, given: this.#options.secrets.ids });
      // As with BuildKit there is a variable all the same, an empty one: `set -u` has nothing to complain of.
      if (env !== undefined) this.env.push(`${demandName(env)}=`);
      return undefined;
    }
    if (env !== undefined) {
      demandName(env);
      if (value.includes(0)) throw fault("SECRET_INVALID", { id, problem: "it has a NUL byte, which a variable cannot hold" });
      this.env.push(`${env}=${value.toString("utf8")}`);
    }
    return target === undefined ? undefined : { kind: "file", target, content: value.toString("base64"), mode, uid, gid };
  }

  async #ssh({ id, target, required, announced, ...rights }: SshMount): Promise<StepMount | undefined> {
    if (announced) this.env.push(`SSH_AUTH_SOCK=${target}`);
    const agent = await this.#options.agents.forward(id, rights);
    if (agent === undefined) {
      if (required) throw fault("SSH_NOT_FORWARDED", { id });
      return undefined;
    }
    this.#ready.use(agent);
    return { kind: "host", source: agent.folder, path: `/${agent.name}`, target, readonly: false };
  }
}

function demandName(env: string): string {
  if (env === "" || /[=\0]/.test(env)) throw fault("MOUNT_INVALID", { problem: `env=${JSON.stringify(env)} of a secret mount is no name of a variable` });
  return env;
}

function attributesText({ attributes }: CacheMount): string {
  return attributes === undefined ? "" : `${attributes.mode.toString(8)} ${attributes.uid}:${attributes.gid}`;
}
