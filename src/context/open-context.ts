import { randomUUID } from "node:crypto";
import { mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { compileIgnore, parseIgnoreFile, type IgnoreMatcher } from "../dockerfile/ignore.ts";
import { fault } from "../std/fault.ts";
import { findDockerfile, findDockerfileWithin, findIgnoreFile, type DockerfileSource } from "./find-dockerfile.ts";
import { receiveBytes, receiveFile } from "./receive-stdin.ts";
import { refuseRemote } from "./refuse-remote.ts";

/** The files that a build may read, and the Dockerfile that says what to do with them. */
export interface BuildContext extends AsyncDisposable {
  /** Absolute path of the folder. */
  readonly root: string;
  /** The cleaned patterns of .dockerignore, in order. */
  readonly excludes: readonly string[];
  readonly ignore: IgnoreMatcher;
  readonly dockerfile: DockerfileSource;
}

/** How archives are told from other files and unpacked; the layer station, later on the way, does it. */
export interface ArchivePort {
  isArchive(path: string): boolean | Promise<boolean>;
  /** Unpacks into an empty folder; entries cannot leave it. */
  unpack(path: string, folder: string): void | Promise<void>;
}

export interface OpenContextOptions {
  /** A folder, or `-` for a tar archive or a lone Dockerfile on `stdin`. */
  readonly context: string;
  /** The Dockerfile: relative to `cwd`, or to the root of a context from `stdin`; `-` is `stdin` itself. */
  readonly file?: string;
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
 * DOCKERFILE_NOT_FOUND, DOCKERFILE_UNREADABLE, NOT_SUPPORTED for URLs and git, and those of ignore files and archives
 */
export async function openContext(options: OpenContextOptions): Promise<BuildContext> {
  options.signal?.throwIfAborted();
  if (options.context === "-") return openStdin(options);
  const { cwd, file } = options;
  const root = findRoot(options.context, cwd);
  if (file === "-") {
    const dockerfile = { file: "Dockerfile", source: await receiveBytes(options.stdin, options.signal) };
    return present(root, findIgnoreFile(root, undefined), dockerfile);
  }
  if (file === undefined || file === "") {
    const path = join(root, "Dockerfile");
    return present(root, findIgnoreFile(root, path), findDockerfile(path, { shown: "Dockerfile" }));
  }
  refuseRemote(file, "a Dockerfile from a URL");
  const path = resolve(cwd, file);
  const dockerfile = findDockerfile(path, { shown: file, alternative: join(options.context, file), cwd });
  return present(root, findIgnoreFile(root, path), dockerfile);
}

/** The folder of a context that is named by path, free of symlinks. */
function findRoot(context: string, cwd: string): string {
  if (context === "" || context.includes("\0")) throw fault("CONTEXT_NOT_FOUND", { context });
  try {
    const root = realpathSync(resolve(cwd, context));
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EACCES") throw fault("CONTEXT_UNREADABLE", { path: context, reason: "permission denied" }, { cause: error });
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP" && code !== "ENAMETOOLONG") throw error;
    refuseRemote(context, "a context from a URL or git repository");
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
      return present(root, "", findDockerfileWithin(root, file === undefined || file === "" ? "Dockerfile" : file), remove);
    }
    if (file !== undefined && file !== "") {
      throw fault("USAGE", { problem: "-f names a Dockerfile, and standard input is one too", hint: "leave -f away, or pipe a tar archive" });
    }
    const dockerfile = findDockerfile(received, { shown: "Dockerfile" });
    rmSync(received);
    return present(root, "", dockerfile, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

function present(root: string, ignoreText: string, dockerfile: DockerfileSource, dispose?: () => void): BuildContext {
  const excludes = parseIgnoreFile(ignoreText);
  return {
    root,
    excludes,
    ignore: compileIgnore(excludes),
    dockerfile,
    [Symbol.asyncDispose]: async () => dispose?.(),
  };
}
