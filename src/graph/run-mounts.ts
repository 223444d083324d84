import { posix } from "node:path";
import type { RunInstruction } from "../dockerfile/instruction.ts";
import { readMount, type WrittenMount } from "../dockerfile/run-mount.ts";
import { fault, type SourceLocation } from "../std/fault.ts";
import { expandIn, located, type Evaluation } from "./evaluation.ts";
import { trimSlash } from "./file-instructions.ts";
import { localVertex } from "./source-vertices.ts";
import type { StageState } from "./stage-state.ts";
import type { CacheMount, LocalOperation, RunMount, SecretMount, SshMount, Vertex } from "./vertex.ts";

/** Where the copy of the context's files lies that a RUN mounts. */
const MOUNTED = "/mounted";

export interface Mounts {
  readonly mounts: readonly RunMount[];
  /** The vertices that mounts name as inputs 1, 2, … */
  readonly trees: readonly Vertex[];
}

/**
 * The mounts of a RUN in the order of their targets, with what they need of other stages, images and the context.
 * @throws DOCKERFILE_FLAG, MOUNT_TARGET_INVALID, MOUNT_STAGE_ORDER, STAGE_CIRCULAR
 */
export async function evaluateMounts(evaluation: Evaluation, state: StageState, instruction: RunInstruction): Promise<Mounts> {
  const { location } = instruction;
  const trees: Vertex[] = [];
  const inputOf = (vertex: Vertex | undefined): number | null => {
    if (vertex === undefined) return null;
    const known = trees.indexOf(vertex);
    return known >= 0 ? known + 1 : trees.push(vertex);
  };
  const written = instruction.mounts.map((text) => located(location, () => readMount(text, (value) => expandIn(evaluation, state, value, location))));
  const mounts: RunMount[] = [];
  let sockets = 0;
  for (const mount of written) {
    switch (mount.type) {
      case "secret":
        mounts.push(secretMount(state, mount));
        break;
      case "ssh":
        refuseSource(mount, location);
        await demandNamed(evaluation, state, mount, instruction);
        mounts.push(sshMount(state, mount, sockets++));
        break;
      case "tmpfs":
        await demandNamed(evaluation, state, mount, instruction);
        // There is nothing in it: its root is all that a source can name.
        if (rooted(mount.source) !== "/") refuseSource(mount, location);
        mounts.push({ kind: "tmpfs", target: targetOf(state, mount, instruction), size: mount.size, readonly: mount.readonly });
        break;
      case "cache":
        mounts.push(await cacheMount(evaluation, state, mount, { instruction, inputOf }));
        break;
      case "bind": {
        const target = targetOf(state, mount, instruction);
        const source = rooted(mount.source);
        const tree = mount.from === "" ? localVertex(evaluation) : await mountedTree(evaluation, state, mount, instruction);
        const isLocal = tree?.operation.kind === "local";
        const input = inputOf(isLocal ? localMount(evaluation, tree, { state, source, instruction }) : tree);
        mounts.push({ kind: "bind", input, source: isLocal ? MOUNTED : source, target, readonly: mount.readonly });
      }
    }
  }
  return { mounts: mounts.sort((a, b) => compare(a.target ?? "", b.target ?? "")), trees };
}

function refuseSource({ type, source }: WrittenMount, location: SourceLocation): void {
  if (source !== "") throw fault("DOCKERFILE_FLAG", { problem: `${type} does not support source` }, { location });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function targetOf(state: StageState, { target: written }: WrittenMount, { location }: RunInstruction): string {
  const target = trimSlash(absolute(state, written));
  if (target === "/") throw fault("MOUNT_TARGET_INVALID", { target }, { location });
  return target;
}

function absolute(state: StageState, path: string): string {
  return posix.resolve("/", state.config.WorkingDir || "/", path);
}

/** A path below a root, which `..` does not leave. */
function rooted(path: string): string {
  return trimSlash(posix.join("/", path));
}

/** The stage or image that from= names: the last stage of that name, in any case, anything else an image. */
async function mountedTree(evaluation: Evaluation, state: StageState, { from, target }: WrittenMount, { location }: RunInstruction): Promise<Vertex | undefined> {
  const other = evaluation.options.linked?.(from);
  if (other) return other.vertex;
  const index = evaluation.findStage(from.toLowerCase());
  if (index < 0) return evaluation.imageVertex(from, location, state);
  if (index === state.stage.index) throw fault("STAGE_CIRCULAR", { stage: state.label }, { location });
  if (index > state.stage.index) throw fault("MOUNT_STAGE_ORDER", { stage: from, target }, { location });
  return (await evaluation.stageState(index, state)).vertex;
}

/** Nothing of what from= names is mounted by these types, but it has to be there. */
async function demandNamed(evaluation: Evaluation, state: StageState, mount: WrittenMount, instruction: RunInstruction): Promise<void> {
  if (mount.from !== "") await mountedTree(evaluation, state, mount, instruction);
}

/** The files of a folder of this machine as root's, without what .dockerignore excludes: a copy, so that they stay what they were when the key was made. */
function localMount(
  evaluation: Evaluation, local: Vertex, { state, source, instruction }: { readonly state: StageState; readonly source: string; readonly instruction: RunInstruction },
): Vertex {
  const { name } = local.operation as LocalOperation;
  return evaluation.pool.add(
    { kind: "copy", command: "RUN --mount", mounted: true, sources: [source], inline: [], destination: MOUNTED, platform: state.platform },
    [undefined, local],
    {
      name: `${local.name} for --mount${source === "/" ? "" : ` of ${source.slice(1)}`}`,
      location: instruction.location, ignoreCache: false, slot: `${evaluation.options.scope}/${encodeURIComponent(name)}/${encodeURIComponent(source)}/mount`,
    },
  );
}

async function cacheMount(
  evaluation: Evaluation,
  state: StageState,
  mount: WrittenMount,
  { instruction, inputOf }: { readonly instruction: RunInstruction; readonly inputOf: (vertex: Vertex | undefined) => number | null },
): Promise<CacheMount> {
  const target = targetOf(state, mount, instruction);
  const named = mount.from === "" ? undefined : await mountedTree(evaluation, state, mount, instruction);
  const source = rooted(mount.source);
  const isLocal = named?.operation.kind === "local";
  const tree = isLocal ? localMount(evaluation, named, { state, source, instruction }) : named;
  const { mode, uid, gid } = mount;
  const isMade = source === "/" && (mode !== undefined || uid !== undefined || gid !== undefined);
  const namespace = evaluation.options.buildArgs.get("BUILDKIT_CACHE_MOUNT_NS") ?? "";
  return {
    kind: "cache",
    id: `${namespace}/${mount.id === "" ? trimSlash(posix.normalize(mount.target)) : mount.id}`,
    sharing: mount.sharing ?? "shared",
    input: inputOf(tree),
    ...(isLocal ? { seed: MOUNTED } : tree === undefined ? {} : { seed: source }),
    ...(isMade ? { attributes: { mode: mode ?? 0o755, uid: uid ?? 0, gid: gid ?? 0 } } : {}),
    source: tree === undefined ? source : "/", target, readonly: mount.readonly,
  };
}

function secretMount(state: StageState, mount: WrittenMount): SecretMount {
  const id = mount.source || mount.id || posix.basename(mount.target);
  const asFile = mount.target !== "" || mount.env === undefined;
  return {
    kind: "secret", id,
    ...(asFile ? { target: absolute(state, mount.target || `/run/secrets/${posix.basename(id)}`) } : {}),
    ...(mount.env === undefined ? {} : { env: mount.env }),
    ...shownTo(mount, 0o400),
  };
}

function sshMount(state: StageState, mount: WrittenMount, index: number): SshMount {
  return { kind: "ssh", id: mount.id, target: absolute(state, mount.target || `/run/buildkit/ssh_agent.${index}`), announced: index === 0 && !state.env.has("SSH_AUTH_SOCK"), ...shownTo(mount, 0o600) };
}

function shownTo({ required, mode, uid, gid }: WrittenMount, usual: number): { required: boolean; mode: number; uid: number; gid: number } {
  return { required, mode: mode ?? usual, uid: uid ?? 0, gid: gid ?? 0 };
}
