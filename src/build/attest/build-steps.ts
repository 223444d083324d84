import { posix } from "node:path";
import { hideLogin, type GitUrl } from "../../context/git-url.ts";
import type { RemoteContext } from "../../context/remote-context.ts";
import { ulimitName } from "../../exec/ulimits.ts";
import { gitKey } from "../../fetch/pins.ts";
import type { CopyOperation, MkdirOperation, RunMount, RunOperation, Vertex } from "../../graph/vertex.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Platform } from "../../oci/platform.ts";

/** One step as BuildKit's provenance tells it: an operation of its solver in the JSON of its protocol (solver/pb/ops.proto). */
export interface BuildStep {
  readonly id: string;
  readonly op: { readonly Op: Readonly<Record<string, unknown>>; readonly platform?: Readonly<Record<string, string>>; readonly constraints: Readonly<Record<string, never>> };
  /** `step0:0` */
  readonly inputs?: readonly string[];
}

/** The steps of a target, those first that others need, and what each vertex is called among them. */
export interface BuildSteps {
  readonly steps: readonly BuildStep[];
  readonly idOf: ReadonlyMap<Vertex, string>;
  readonly digests: Readonly<Record<Digest, string>>;
}

/** An operation, and what it works on: vertices, or operations that are a part of one here and steps of their own for BuildKit. */
interface Told {
  readonly op: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Input[];
  readonly platform?: Platform;
}

type Input = Vertex | Told;

/** How NONE and HOST, and the kinds and sharing of mounts are written. */
const NETWORK = { default: undefined, host: 1, none: 2 } as const;
const USUAL_HOSTNAME = "buildkitsandbox";
const SHARING = { shared: undefined, private: 1, locked: 2 } as const;

/**
 * Tells what is done for a target. The last step does nothing: it names the result.
 * @param context where the build context comes from, if it is no folder of this machine
 */
export function buildSteps(target: Vertex | undefined, context: RemoteContext | undefined): BuildSteps {
  const steps: BuildStep[] = [];
  const idOf = new Map<Vertex, string>();
  const add = (op: Readonly<Record<string, unknown>>, inputs: readonly string[], platform?: Platform): string => {
    const id = `step${steps.length}`;
    steps.push({ id, op: { Op: op, ...(platform ? { platform: platformOf(platform) } : {}), constraints: {} }, ...(inputs.length > 0 ? { inputs: inputs.map((input) => `${input}:0`) } : {}) });
    return id;
  };
  const visit = (input: Input): string => {
    const vertex = "operation" in input ? input : undefined;
    const known = vertex && idOf.get(vertex);
    if (known !== undefined) return known;
    const { op, inputs, platform } = vertex ? tell(vertex, context) : (input as Told);
    const id = add(op, inputs.map(visit), platform);
    if (vertex) idOf.set(vertex, id);
    return id;
  };
  if (target) add({}, [visit(target)]);
  return { steps, idOf, digests: Object.fromEntries([...idOf].map(([vertex, id]) => [vertex.digest, id])) };
}

function tell({ operation, inputs }: Vertex, context: RemoteContext | undefined): Told {
  const present = inputs.flatMap((input) => input ?? []);
  switch (operation.kind) {
    case "image": return { op: source(operation.reference.startsWith("oci-layout://") ? operation.reference : `docker-image://${operation.reference}`), inputs: [], platform: operation.platform };
    case "local": return operation.name === "context" && context ? tellContext(context) : { op: source(`local://${operation.name.replace(/^context:/, "")}`), inputs: [] };
    case "http": return { op: source(hideLogin(operation.url), { "http.filename": operation.filename, ...(operation.checksum ? { "http.checksum": operation.checksum } : {}) }), inputs: [] };
    case "git": return { op: gitSource(operation.source), inputs: [] };
    case "run": return tellRun(operation, inputs);
    case "copy": return tellCopy(operation, inputs);
    case "mkdir": return { op: fileOp([makeDir(operation)], present), inputs: present };
    case "merge": return { op: { merge: { inputs: present.map((_, index) => (index === 0 ? {} : { input: index })) } }, inputs: present };
  }
}

function source(identifier: string, attrs?: Readonly<Record<string, string>>): Record<string, unknown> {
  return { source: { identifier, ...(attrs ? { attrs } : {}) } };
}

/** A repository, or an archive that is unpacked. */
function tellContext(context: RemoteContext): Told {
  if (context.kind === "git") return { op: gitSource(context.source), inputs: [] };
  const archive = { op: source(hideLogin(context.url), { "http.filename": "context" }), inputs: [] };
  return { op: fileOp([{ secondaryInput: 0, Action: { copy: { src: "/context", dest: "/", mode: -1, attemptUnpackDockerCompatibility: true, timestamp: -1 } } }], [undefined, archive], 1), inputs: [archive] };
}

function gitSource(git: GitUrl): Record<string, unknown> {
  const shown = hideLogin(gitKey(git)) + (git.subdir === undefined ? "" : `${git.ref === undefined ? "#" : ""}:${git.subdir}`);
  return source(`git://${shown.replace(/^[a-z]+:\/\//, "")}`, {
    "git.fullurl": hideLogin(git.remote), ...(git.keepGitDir ? { "git.keepgitdir": "true" } : {}), ...(git.checksum ? { "git.checksum": git.checksum } : {}),
  });
}

/** Proxy variables are left out: they belong to the machine, and may hold a password. */
function tellRun(run: RunOperation, inputs: readonly (Vertex | undefined)[]): Told {
  const list: Input[] = [];
  const placeOf = (input: Input | undefined): { readonly input?: number } => {
    if (input === undefined) return { input: -1 };
    const known = list.indexOf(input);
    const index = known >= 0 ? known : list.push(input) - 1;
    return index === 0 ? {} : { input: index };
  };
  const root = { ...placeOf(inputs[0]), dest: "/" };
  const documents = run.documents.length > 0 ? [{ ...placeOf(makeFiles(run.documents, 0o755)), dest: "/dev/pipes", readonly: true, output: -1 }] : [];
  const memory = run.shmSize === undefined ? [] : [{ input: -1, output: -1, dest: "/dev/shm", mountType: 4, TmpfsOpt: { size: run.shmSize } }];
  // Secrets and sockets come last, as there.
  const shown = (mount: RunMount): boolean => mount.kind === "secret" || mount.kind === "ssh";
  const mounts = [...(run.mounts ?? [])].sort((a, b) => Number(shown(a)) - Number(shown(b)))
    .flatMap((mount) => ("target" in mount && mount.target !== undefined ? [tellMount(mount, mount.target, (index, path) => placeTree(index === null ? undefined : inputs[index], path, placeOf))] : []));
  const sockets = (run.mounts ?? []).flatMap((mount) => (mount.kind === "ssh" && mount.announced ? [`SSH_AUTH_SOCK=${mount.target}`] : []));
  const variables = (run.mounts ?? []).flatMap((mount) => (mount.kind === "secret" && mount.env !== undefined ? [{ ID: mount.id, name: mount.env, ...(mount.required ? {} : { optional: true }) }] : []));
  return {
    op: {
      exec: {
        meta: {
          args: run.args.map(hideLogin), env: [...run.env.map(hideLogin), ...sockets], cwd: run.cwd,
          ...(run.user ? { user: run.user } : {}), ...(run.hostname && run.hostname !== USUAL_HOSTNAME ? { hostname: run.hostname } : {}),
          ...(run.extraHosts.length > 0 ? { extraHosts: run.extraHosts.map(({ name, ip }) => ({ Host: name, IP: ip })) } : {}),
          ...(run.ulimits ? { ulimit: run.ulimits.map(({ resource, soft, hard }) => ({ Name: ulimitName(resource), Soft: soft, Hard: hard })) } : {}),
          removeMountStubsRecursive: true,
        },
        mounts: [root, ...memory, ...documents, ...mounts],
        ...(NETWORK[run.network] === undefined ? {} : { network: NETWORK[run.network] }),
        ...(run.security === "insecure" ? { security: 1 } : {}),
        ...(variables.length > 0 ? { secretenv: variables } : {}),
      },
    },
    inputs: list, platform: run.platform,
  };
}

/** What is mounted of a folder of this machine is a copy here; for BuildKit it is the folder itself. */
function placeTree(input: Vertex | undefined, path: string, placeOf: (input: Vertex | undefined) => { readonly input?: number }): Record<string, unknown> {
  const { operation } = input ?? {};
  const isCopy = operation?.kind === "copy" && operation.mounted === true;
  const selector = isCopy ? operation.sources[0]! : path;
  return { ...placeOf(isCopy ? input!.inputs[1] : input), ...(selector === "/" ? {} : { selector }), output: -1 };
}

function tellMount(mount: RunMount, dest: string, treeAt: (input: number | null, path: string) => Record<string, unknown>): Record<string, unknown> {
  const flag = "readonly" in mount && mount.readonly ? { readonly: true } : {};
  switch (mount.kind) {
    case "bind": return { ...treeAt(mount.input, mount.source), dest, ...flag };
    case "cache": {
      const sharing = SHARING[mount.sharing];
      return { ...treeAt(mount.input, mount.seed ?? "/"), dest, mountType: 3, cacheOpt: { ID: mount.id, ...(sharing === undefined ? {} : { sharing }) }, ...flag };
    }
    case "tmpfs": return { input: -1, output: -1, dest, mountType: 4, TmpfsOpt: mount.size === 0 ? {} : { size: mount.size }, ...flag };
    case "secret": return { input: -1, dest, mountType: 1, secretOpt: shownFile(mount.id, mount) };
    case "ssh": return { input: -1, dest, mountType: 2, SSHOpt: shownFile(mount.id, mount) };
  }
}

function shownFile(id: string, { required, mode, uid, gid }: { readonly required: boolean; readonly mode: number; readonly uid: number; readonly gid: number }): Record<string, unknown> {
  return { ...(id === "" ? {} : { ID: id }), ...(uid === 0 ? {} : { uid }), ...(gid === 0 ? {} : { gid }), mode, ...(required ? {} : { optional: true }) };
}

/** One action for each source, each upon what the one before has made. */
function tellCopy(copy: CopyOperation, inputs: readonly (Vertex | undefined)[]): Told {
  const list: Input[] = inputs.flatMap((input) => input ?? []);
  const at = (input: Vertex | undefined): number => (input === undefined ? -1 : list.indexOf(input));
  const actions = [
    ...copy.sources.map((path, index) => copyAction(copy, path, at(inputs[1 + (copy.origins?.[index]?.tree ?? 0)]), copy.origins?.[index]?.fetched)),
    ...copy.inline.map((document) => copyAction(copy, document.name, list.push(makeFiles([document], 0o644)) - 1, true)),
  ];
  return { op: fileOp(actions, inputs[0] ? list : [undefined, ...list], list.length), inputs: list };
}

function copyAction({ destination, chown, chmod, parents, exclude, command, unpack }: CopyOperation, path: string, from: number, fetched = false): Record<string, unknown> {
  const unpacks = unpack ?? (command === "ADD" && !fetched);
  const isOctal = /^[0-7]+$/.test(chmod ?? "");
  // With --parents what stands behind `/./` is a pattern that keeps its folders.
  const [, pivot = "/", pattern] = parents === true ? (/^(?:(.*?)\/\.\/)?(.*)$/s.exec(path) ?? []) : [undefined, path];
  return {
    secondaryInput: from,
    Action: {
      copy: {
        src: posix.join("/", pivot), dest: destination, ...(chmod === undefined ? { mode: -1 } : isOctal ? { mode: Number.parseInt(chmod, 8) } : { modeStr: chmod }), ...(chown === undefined ? {} : { owner: ownerOf(chown) }),
        createDestPath: true, timestamp: -1, ...(fetched ? {} : { followSymlink: true, dirCopyContents: true, allowWildcard: true, allowEmptyWildcard: true }),
        ...(unpacks ? { attemptUnpackDockerCompatibility: true } : {}),
        ...(pattern === undefined ? {} : { include_patterns: [posix.join("/", pattern).slice(1)], ...(/[*?[]/.test(path) ? {} : { required_paths: [posix.join("/", pivot, pattern)] }) }), ...(exclude && exclude.length > 0 ? { exclude_patterns: exclude } : {}),
      },
    },
  };
}

function makeDir({ path, mode, owner, time }: MkdirOperation): Record<string, unknown> {
  return { secondaryInput: -1, Action: { mkdir: { path, mode, makeParents: true, ...(owner === undefined ? {} : { owner: ownerOf(owner) }), timestamp: time === undefined ? -1 : time * 1e9 } } };
}

/** Documents that stand in the Dockerfile. */
function makeFiles(documents: readonly { readonly name: string; readonly content: string }[], mode: number): Told {
  const actions = documents.map(({ name, content }) => ({ secondaryInput: -1, Action: { mkfile: { path: `/${name}`, mode, data: Buffer.from(content).toString("base64"), timestamp: -1 } } }));
  return { op: fileOp(actions, []), inputs: [] };
}

/** @param inputs the first one is what is changed, undefined where that is nothing; outputs of actions count on behind them */
function fileOp(actions: readonly Record<string, unknown>[], inputs: readonly unknown[], count = inputs.length): Record<string, unknown> {
  return { file: { actions: actions.map((action, index) => ({ input: index > 0 ? count + index - 1 : inputs[0] === undefined ? -1 : 0, ...action, output: index === actions.length - 1 ? 0 : -1 })) } };
}

/** `user[:group]`; names are looked up in what is changed. */
function ownerOf(text: string): Record<string, unknown> {
  const [user = "", group] = text.split(":");
  const one = (name: string): unknown => ({ User: /^\d+$/.test(name) ? (Number(name) === 0 ? {} : { byId: Number(name) }) : { byName: { name } } });
  return { user: one(user), ...(group === undefined ? {} : { group: one(group) }) };
}

/** With the keys of BuildKit's protocol. */
function platformOf({ architecture, os, variant }: Platform): Record<string, string> {
  return { Architecture: architecture, OS: os, ...(variant ? { Variant: variant } : {}) };
}
