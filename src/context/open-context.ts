import { randomUUID } from "node:crypto";
import { mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { compileIgnore, parseIgnoreFile, type IgnoreMatcher } from "../dockerfile/ignore.ts";
import { fault } from "../std/fault.ts";
import { findDockerfile, findDockerfileWithin, findIgnoreFile, type DockerfileSource } from "./find-dockerfile.ts";
import { receiveBytes, receiveFile } from "./receive-stdin.ts";
import { portOf, remoteContext, type RemotePort } from "./remote-context.ts";

/** A folder that a build may read. */
export interface LocalFolder {
  /** Absolute path of the folder. */
  readonly root: string;
  /** The cleaned patterns of .dockerignore, in order. */
  readonly excludes: readonly string[];
  /** Files belong to 0:0 whoever owns them here; false where an archive from elsewhere says whose they are. */
  readonly zeroOwner: boolean;
}

/** The files that a build may read, and the Dockerfile that says what to do with them. */
export interface BuildContext extends LocalFolder, AsyncDisposable {
  readonly ignore: IgnoreMatcher;
  readonly dockerfile: DockerfileSource;
  /** What tells this context from others, the next time too. */
  readonly place: string;
  /** Seconds since the epoch: when a context from elsewhere was made, as far as its source says so. */
  readonly modified?: number | undefined;
}

/** How archives are told from other files and unpacked; the layer station, later on the way, does it. */
export interface ArchivePort {
  isArchive(path: string): boolean | Promise<boolean>;
  /** Unpacks into an empty folder; entries cannot leave it. */
  unpack(path: string, folder: string): void | Promise<void>;
}

export interface OpenContextOptions {
  /** A folder, a git repository, the URL of an archive or of a Dockerfile, or `-` for one of these two on `stdin`. */
  readonly context: string;
  /** The Dockerfile: relative to `cwd`, or to the root of a context from elsewhere; `-` is `stdin` itself, a URL is fetched. */
  readonly file?: string;
  /** Fetches what is elsewhere. */
  readonly remote?: RemotePort;
  /** Keep the `.git` of a context that is a git repository. */
  readonly keepGitDir?: boolean;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly cwd: string;
  /** Folder that exists, for what comes from `stdin`. */
  readonly temporary: string;
  readonly archives: ArchivePort;
  readonly signal?: AbortSignal;
}

/**
 * Finds the context's folder, its Dockerfile and the patterns to exclude: `<Dockerfile>.dockerignore` beside the
 * Dockerfile, else `.dockerignore` in the root (dockerfile.md § 8.1). A context from standard input lies in a
 * temporary folder until it is disposed; .dockerignore does not count there, as with docker.
 * @throws CONTEXT_NOT_FOUND, CONTEXT_NOT_A_FOLDER, CONTEXT_UNREADABLE, CONTEXT_EMPTY_INPUT, CONTEXT_STDIN_TWICE,
 * DOCKERFILE_NOT_FOUND, DOCKERFILE_UNREADABLE, and those of ignore files, archives and fetching
 */
export async function openContext(options: OpenContextOptions): Promise<BuildContext> {
  options.signal?.throwIfAborted();
  if (options.context === "-") return openStdin(options);
  const { cwd, file } = options;
  const root = findRoot(options.context, cwd);
  if (root === undefined) return openElsewhere(options);
  const given = await givenDockerfile(options);
  if (given) return present(root, findIgnoreFile(root, undefined), given);
  if (file === undefined || file === "") {
    const path = join(root, "Dockerfile");
    return present(root, findIgnoreFile(root, path), findDockerfile(path, { shown: "Dockerfile" }));
  }
  const path = resolve(cwd, file);
  const dockerfile = findDockerfile(path, { shown: file, alternative: join(options.context, file), cwd });
  return present(root, findIgnoreFile(root, path), dockerfile);
}

/** A Dockerfile that does not lie with the context: of standard input, or from a URL. */
async function givenDockerfile({ file, stdin, remote, signal }: OpenContextOptions): Promise<DockerfileSource | undefined> {
  if (file === "-") return { file: "Dockerfile", source: await receiveBytes(stdin, signal) };
  if (file === undefined || remoteContext(file)?.kind !== "url") return undefined;
  const { path } = await portOf(remote).file(file);
  return findDockerfile(path, { shown: "Dockerfile" });
}

/** What a git repository or a URL holds; .dockerignore does not count there. */
async function openElsewhere(options: OpenContextOptions): Promise<BuildContext> {
  const { context, keepGitDir = false, file } = options;
  const source = remoteContext(context, { keepGitDir });
  if (source === undefined) throw fault("CONTEXT_NOT_FOUND", { context });
  const remote = portOf(options.remote);
  const given = await givenDockerfile(options);
  const name = file === undefined || file === "" ? "Dockerfile" : file;
  const tree = source.kind === "git" ? await remote.git(source.source) : await remote.unpacked(source.url);
  if (tree) {
    const dockerfile = given ?? findDockerfileWithin(tree.folder, name, "the context");
    return present(tree.folder, "", dockerfile, { zeroOwner: source.kind === "git", place: context, modified: tree.modified });
  }
  const { path, modified } = await remote.file(context);
  const home = join(options.temporary, `context-${randomUUID()}`);
  mkdirSync(home);
  const dispose = (): void => rmSync(home, { recursive: true, force: true });
  return present(home, "", given ?? findDockerfile(path, { shown: "Dockerfile" }), { place: context, modified, dispose });
}

/** The folder of a context that is named by path, free of symlinks; undefined for one that lies elsewhere. */
function findRoot(context: string, cwd: string): string | undefined {
  if (context === "" || context.includes("\0")) throw fault("CONTEXT_NOT_FOUND", { context });
  try {
    const root = realpathSync(resolve(cwd, context));
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw fault("CONTEXT_UNREADABLE", { path: context, reason: "permission denied" }, { cause: error });
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP" && code !== "ENAMETOOLONG") throw error;
    if (remoteContext(context)) return undefined;
    throw fault("CONTEXT_NOT_FOUND", { context });
  }
  throw fault("CONTEXT_NOT_A_FOLDER", { context });
}

async function openStdin(options: OpenContextOptions): Promise<BuildContext> {
  const { file, archives } = options;
  if (file === "-") throw fault("CONTEXT_STDIN_TWICE", {});
  const home = join(options.temporary, `context-${randomUUID()}`);
  const root = join(home, "root");
  mkdirSync(root, { recursive: true });
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  try {
    const received = join(home, "received");
    await receiveFile(options.stdin, received, options.signal);
    if (await archives.isArchive(received)) {
      await archives.unpack(received, root);
      rmSync(received);
      return present(root, "", findDockerfileWithin(root, file === undefined || file === "" ? "Dockerfile" : file, "the archive"), { dispose: remove });
    }
    if (file !== undefined && file !== "") {
      throw fault("USAGE", { problem: "-f names a Dockerfile, and standard input is one too", hint: "leave -f away, or pipe a tar archive" });
    }
    const dockerfile = findDockerfile(received, { shown: "Dockerfile" });
    rmSync(received);
    return present(root, "", dockerfile, { dispose: remove });
  } catch (error) {
    remove();
    throw error;
  }
}

interface About {
  readonly zeroOwner?: boolean;
  readonly place?: string;
  readonly modified?: number | undefined;
  readonly dispose?: () => void;
}

function present(root: string, ignoreText: string, dockerfile: DockerfileSource, { zeroOwner = true, place = root, modified, dispose }: About = {}): BuildContext {
  const excludes = parseIgnoreFile(ignoreText);
  return {
    root,
    excludes,
    ignore: compileIgnore(excludes, { strict: true }),
    dockerfile,
    zeroOwner,
    place,
    modified,
    [Symbol.asyncDispose]: async () => dispose?.(),
  };
}
