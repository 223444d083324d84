import { randomBytes } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { receiveBytes, receiveFile } from "../../context/receive-stdin.ts";
import { findDockerfile } from "../../context/find-dockerfile.ts";
import { gitFactsOf, gitLabelsOf } from "../../fetch/git-facts.ts";
import { isArchive } from "../../layer/unpack-archive.ts";
import { sha256 } from "../../oci/digest.ts";
import { fault } from "../../std/fault.ts";
import type { WorkerBuild } from "../worker-build.ts";

/** What of a build the session serves, and what the frontend has to know of it. */
export interface Inputs extends Disposable {
  readonly attrs: Record<string, string>;
  readonly folders: ReadonlyMap<string, string>;
  readonly uploads: ReadonlyMap<string, Readable>;
  readonly layouts: ReadonlyMap<string, string>;
  /** By it the worker knows the files that it has of these folders. */
  readonly sharedKey: string;
}

const REMOTE = /^(?:https?|git|ssh):\/\/|^git@|^github\.com\//;

/**
 * Finds the context, the Dockerfile and the named contexts of a build. What lies on this machine is sent when the
 * worker asks for it; what lies elsewhere is fetched by the worker.
 * @throws CONTEXT_NOT_FOUND, CONTEXT_NOT_A_FOLDER, DOCKERFILE_NOT_FOUND, CONTEXT_STDIN_TWICE, CONTEXT_EMPTY_INPUT, USAGE
 */
export async function prepareInputs(build: WorkerBuild, signal: AbortSignal): Promise<Inputs> {
  const temporary = mkdtempSync(join(tmpdir(), "sampan-builder-"));
  const dispose = (): void => rmSync(temporary, { recursive: true, force: true });
  try {
    const inputs: Collected = { attrs: {}, folders: new Map(), uploads: new Map(), layouts: new Map() };
    const place = { ...inputs, temporary, signal };
    const sharedKey = build.context === "-" ? await fromStdin(build, place) : await fromPlace(build, place);
    for (const [name, source] of build.contexts) namedContext(name, source, build.cwd, inputs);
    if (build.context !== "-" && inputs.folders.has("context")) await tellGit(build, inputs, signal);
    return { ...inputs, sharedKey, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface Collected {
  readonly attrs: Record<string, string>;
  readonly folders: Map<string, string>;
  readonly uploads: Map<string, Readable>;
  readonly layouts: Map<string, string>;
}

type Place = Collected & { readonly temporary: string; readonly signal: AbortSignal };

async function fromPlace(build: WorkerBuild, place: Place): Promise<string> {
  const { context, cwd, file } = build;
  const { attrs, folders } = place;
  const isRemote = !existsSync(resolve(cwd, context)) && REMOTE.test(context);
  if (isRemote) attrs["context"] = context;
  else folders.set("context", folderOf(context, cwd));
  if (file === "-") {
    useDockerfile(await receiveBytes(build.stdin, place.signal), place);
  } else if (isRemote) {
    attrs["filename"] = file || "Dockerfile";
  } else {
    const path = file ? resolve(cwd, file) : join(folders.get("context")!, "Dockerfile");
    const found = findDockerfile(path, { shown: file || "Dockerfile", ...(file ? { alternative: join(context, file), cwd } : {}) });
    folders.set("dockerfile", dirname(path));
    attrs["filename"] = basename(found.file);
  }
  return isRemote ? "" : sharedKeyOf(folders.get("context")!);
}

/** What git says of the context, where somebody wants it: a provenance, or labels. */
async function tellGit({ file, labels, attests, tellProvenance, gitInfo, gitLabels, gitCheckDirty }: WorkerBuild, { attrs, folders }: Collected, signal: AbortSignal): Promise<void> {
  const context = folders.get("context")!;
  const dockerfile = file === "-" ? undefined : folders.get("dockerfile");
  const question = { checkDirty: gitCheckDirty, signal };
  if (gitLabels) {
    const found = await gitLabelsOf({ context, dockerfile: dockerfile && join(dockerfile, attrs["filename"] ?? "Dockerfile") }, question);
    for (const [name, value] of Object.entries(found)) if (!Object.hasOwn(labels, name)) attrs[`label:${name}`] = value;
  }
  if (!gitInfo || (!attests.has("provenance") && tellProvenance === undefined)) return;
  for (const [name, value] of Object.entries(await gitFactsOf({ context, dockerfile }, question))) attrs[`vcs:${name}`] = value;
}

async function fromStdin(build: WorkerBuild, place: Place): Promise<string> {
  const { attrs, folders, uploads, temporary, signal } = place;
  if (build.file === "-") throw fault("CONTEXT_STDIN_TWICE", {});
  const received = join(temporary, "received");
  await receiveFile(build.stdin, received, signal);
  if (await isArchive(received)) {
    const id = randomBytes(12).toString("hex");
    uploads.set(id, createReadStream(received));
    attrs["context"] = `http://buildkit-session/${id}`;
    attrs["filename"] = build.file || "Dockerfile";
    return "";
  }
  if (build.file) throw fault("USAGE", { problem: "-f names a Dockerfile, and standard input is one too", hint: "leave -f away, or pipe a tar archive" });
  folders.set("context", join(temporary, "empty"));
  mkdirSync(folders.get("context")!);
  useDockerfile(readFileSync(received), place);
  return "";
}

/** A Dockerfile that is not beside others: in a folder of its own. */
function useDockerfile(source: Uint8Array, { attrs, folders, temporary }: Place): void {
  const folder = join(temporary, "dockerfile");
  mkdirSync(folder);
  writeFileSync(join(folder, "Dockerfile"), source);
  folders.set("dockerfile", folder);
  attrs["filename"] = "Dockerfile";
  attrs["dockerfilekey"] = "dockerfile";
}

function namedContext(name: string, source: string, cwd: string, { attrs, folders, layouts }: Collected): void {
  const key = `context:${name}`;
  if (REMOTE.test(source) || /^(?:docker-image:\/\/|target:)/.test(source)) {
    attrs[key] = source;
  } else if (source.startsWith("oci-layout://")) {
    const { folder, digest } = layoutOf(source, cwd);
    const id = randomBytes(12).toString("hex");
    layouts.set(`oci:${id}`, folder);
    attrs[key] = `oci-layout://${id}@${digest}`;
  } else {
    const local = name === "context" || name === "dockerfile" ? `_${name}` : name;
    folders.set(local, folderOf(source, cwd));
    attrs[key] = `local:${local}`;
    attrs[`sharedkey:localdir:${name}`] = sharedKeyOf(folders.get(local)!);
  }
}

function folderOf(path: string, cwd: string): string {
  const stats = statSync(resolve(cwd, path), { throwIfNoEntry: false });
  if (path === "" || !stats) throw fault("CONTEXT_NOT_FOUND", { context: path });
  if (!stats.isDirectory()) throw fault("CONTEXT_NOT_A_FOLDER", { context: path });
  return realpathSync(resolve(cwd, path));
}

/** `oci-layout://PATH[:TAG][@DIGEST]` */
function layoutOf(source: string, cwd: string): { folder: string; digest: string } {
  const match = /^oci-layout:\/\/(.+?)(?::([\w.-]+))?(?:@(sha256:[a-f0-9]{64}))?$/.exec(source);
  if (!match) throw fault("USAGE", { problem: `${JSON.stringify(source)} is no OCI layout`, hint: "it is written oci-layout://PATH[:TAG][@DIGEST]" });
  const folder = folderOf(match[1]!, cwd);
  return { folder, digest: match[3] ?? layoutDigest(folder, match[2]) };
}

/** The digest that a layout's index has for a tag. @throws FILE_PROBLEM */
export function layoutDigest(folder: string, tag = "latest"): string {
  const path = join(folder, "index.json");
  const problem = (text: string, cause?: unknown): Error => fault("FILE_PROBLEM", { path, problem: text }, { cause });
  try {
    const { manifests = [] } = JSON.parse(readFileSync(path, "utf8")) as { manifests?: { digest: string; annotations?: Record<string, string> }[] };
    const found = manifests.find(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === tag) ?? (manifests.length === 1 ? manifests[0] : undefined);
    if (found) return found.digest;
  } catch (error) {
    throw problem((error as Error).message, error);
  }
  throw problem(`it names no image ${tag}`);
}

/** By it a worker knows what it has of a folder. */
export function sharedKeyOf(folder: string): string {
  return `${basename(folder)}:${sha256(folder).slice(7, 23)}`;
}
