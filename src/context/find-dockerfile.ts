import { closeSync, existsSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fault } from "../std/fault.ts";

export interface DockerfileSource {
  /** How messages call it: as the user named it. */
  readonly file: string;
  readonly source: Uint8Array;
}

/** More than any real Dockerfile, less than what would fill the memory. */
export const DOCKERFILE_LIMIT = 16 * 1024 * 1024;

/**
 * Reads the Dockerfile at a path; where `Dockerfile` is missing, `dockerfile` will do.
 * @param options.alternative a path relative to `cwd`, to be suggested where it exists.
 * @throws DOCKERFILE_NOT_FOUND, DOCKERFILE_UNREADABLE
 */
export function findDockerfile(path: string, options: { shown: string; alternative?: string; cwd?: string }): DockerfileSource {
  const { shown, alternative, cwd } = options;
  const found = readLimited(path, shown);
  if (found) return { file: shown, source: found };
  if (basename(path) === "Dockerfile") {
    const name = join(dirname(shown), "dockerfile");
    const lower = readLimited(join(dirname(path), "dockerfile"), name);
    if (lower) return { file: name, source: lower };
  }
  const instead = alternative !== undefined && cwd !== undefined && existsSync(resolve(cwd, alternative)) ? alternative : undefined;
  throw fault("DOCKERFILE_NOT_FOUND", { path, named: alternative !== undefined, ...(instead === undefined ? {} : { instead }) });
}

/**
 * The text of `<Dockerfile>.dockerignore` beside the Dockerfile, else of `.dockerignore` in the context's root;
 * empty where there is neither.
 * @throws DOCKERFILE_UNREADABLE
 */
export function findIgnoreFile(root: string, dockerfile: string | undefined): string {
  const candidates = [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), join(root, ".dockerignore")];
  for (const path of candidates) {
    const found = readLimited(path, path);
    if (found) return new TextDecoder().decode(found);
  }
  return "";
}

/**
 * Reads the Dockerfile of a tree that came from elsewhere: as {@link findDockerfile}, but what lies outside of the folder, or is
 * reached by a symlink that leads out of it, is not there.
 * @throws DOCKERFILE_NOT_FOUND, DOCKERFILE_UNREADABLE
 */
export function findDockerfileWithin(root: string, name: string, where: string): DockerfileSource {
  const path = join(root, resolve("/", name));
  const lower = join(dirname(path), "dockerfile");
  for (const candidate of basename(path) === "Dockerfile" ? [path, lower] : [path]) {
    if (existsSync(candidate) && realpathSync(candidate).startsWith(`${realpathSync(root)}/`)) {
      return findDockerfile(candidate, { shown: candidate === path ? name : join(dirname(name), "dockerfile") });
    }
  }
  throw fault("DOCKERFILE_NOT_FOUND", { path: `${name} in ${where}` });
}

/** The whole of a file (a pipe too, as of `-f <(…)`); undefined where there is none. */
function readLimited(path: string, shown: string): Uint8Array | undefined {
  const unreadable = (reason: string, cause?: unknown): Error => fault("DOCKERFILE_UNREADABLE", { path: shown, reason }, { cause });
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const pieces: Buffer[] = [];
    let size = 0;
    for (;;) {
      const piece = Buffer.alloc(64 * 1024);
      const count = readSync(descriptor, piece);
      if (count === 0) return Buffer.concat(pieces);
      size += count;
      if (size > DOCKERFILE_LIMIT) throw unreadable(`it is larger than ${DOCKERFILE_LIMIT} bytes`);
      pieces.push(piece.subarray(0, count));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (code === "EISDIR") throw unreadable("it is a folder", error);
    if (code === "EACCES" || code === "EPERM") throw unreadable("permission denied", error);
    if (code === "ELOOP") throw unreadable("its symbolic links lead in a circle", error);
    throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
