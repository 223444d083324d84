import type { GitUrl } from "../context/git-url.ts";
import type { CacheSharing } from "../dockerfile/run-mount.ts";
import { sha256, type Digest } from "../oci/digest.ts";
import type { Platform } from "../oci/platform.ts";
import type { SourceLocation } from "../std/fault.ts";

/**
 * A node of the build graph: one piece of work, frozen. Its digest covers the operation and its inputs,
 * so equal work has one vertex. `inputs[0]` of `run`, `copy` and `mkdir` is the file system that they
 * change (undefined = empty); the further inputs of `copy` are what its sources read from, those of `run` what it mounts.
 */
export interface Vertex {
  readonly digest: Digest;
  readonly operation: Operation;
  readonly inputs: readonly (Vertex | undefined)[];
  /** Shown to the user: `[builder 2/4] COPY requirements.txt .` */
  readonly name: string;
  readonly location?: SourceLocation;
  /** Do not look for an earlier result (--no-cache). */
  readonly ignoreCache: boolean;
  /** The same step of the last build has the same slot: what a miss is compared with. */
  readonly slot: string;
}

export type Operation = ImageOperation | LocalOperation | HttpOperation | GitOperation | RunOperation | CopyOperation | MkdirOperation | MergeOperation;

/** A base image, pinned to its manifest. */
export interface ImageOperation {
  readonly kind: "image";
  /** `docker.io/library/alpine:3.20@sha256:…` */
  readonly reference: string;
  readonly platform: Platform;
  readonly diffIds: readonly Digest[];
}

/** The build context, or a folder of this machine by the name that --build-context gives it. */
export interface LocalOperation {
  readonly kind: "local";
  readonly name: string;
  /** Tells the contexts of several targets apart. */
  readonly scope: string;
}

/** One file from a URL, in an otherwise empty file system. */
export interface HttpOperation {
  readonly kind: "http";
  readonly url: string;
  readonly filename: string;
  readonly checksum?: Digest;
}

/** The files of a commit. */
export interface GitOperation {
  readonly kind: "git";
  readonly source: GitUrl;
  /** The user named it, and not the Dockerfile: the user's SSH keys may be used. */
  readonly trusted: boolean;
}

export interface RunOperation {
  readonly kind: "run";
  readonly args: readonly string[];
  /** `K=V`, in order. */
  readonly env: readonly string[];
  /** Proxy variables: given to the command, no part of the cache key. */
  readonly proxyEnv: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly hostname: string;
  readonly network: "default" | "none" | "host";
  /** `insecure`: with every capability and without the profile that keeps system calls out. */
  readonly security?: "insecure";
  readonly mounts?: readonly RunMount[];
  readonly extraHosts: readonly { readonly name: string; readonly ip: string }[];
  /** Bytes of /dev/shm, where they are not the usual ones. */
  readonly shmSize?: number;
  /** Limits of each process, by the kernel's number of what they limit. */
  readonly ulimits?: readonly { readonly resource: number; readonly soft: number; readonly hard: number }[];
  /** Inline documents, mounted read-only and executable below /dev/pipes. */
  readonly documents: readonly { readonly name: string; readonly content: string }[];
  readonly platform: Platform;
}

/** One --mount of RUN; targets are absolute and clean. */
export type RunMount = TreeMount | CacheMount | TmpfsMount | SecretMount | SshMount;

/** A path of another file system; `readonly: false` keeps nothing of what is written. */
export interface TreeMount {
  readonly kind: "bind";
  /** Index of the vertex' input; null is the empty file system. */
  readonly input: number | null;
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/** A folder that outlives the build. Its content has no part in the key. */
export interface CacheMount {
  readonly kind: "cache";
  /** With its namespace: `/root/.cache`, `team/npm`. */
  readonly id: string;
  readonly sharing: CacheSharing;
  /** What a new one begins with: a path of an input, or an empty folder of this mode and owner. */
  readonly input: number | null;
  readonly seed?: string;
  readonly attributes?: { readonly mode: number; readonly uid: number; readonly gid: number };
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

export interface TmpfsMount {
  readonly kind: "tmpfs";
  readonly target: string;
  /** Bytes; 0 is without limit. */
  readonly size: number;
  readonly readonly: boolean;
}

/** Who a file is shown to. */
interface ShownFile {
  readonly required: boolean;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A secret as a file, as a variable or as both. The graph knows its id and nothing else of it. */
export interface SecretMount extends ShownFile {
  readonly kind: "secret";
  readonly id: string;
  readonly target?: string;
  readonly env?: string;
}

/** The socket of an ssh agent. */
export interface SshMount extends ShownFile {
  readonly kind: "ssh";
  /** As written; an empty one is `default`. */
  readonly id: string;
  readonly target: string;
  /** Whether SSH_AUTH_SOCK names it. */
  readonly announced: boolean;
}

export interface CopyOperation {
  readonly kind: "copy";
  /** What the Dockerfile calls it. */
  readonly command: "COPY" | "ADD" | "RUN --mount";
  /**
   * What RUN mounts of the context: the sources have no wildcards, and a folder's own mode and owner count and are copied.
   */
  readonly mounted?: boolean;
  /** Paths, with wildcards; they lie in the tree of `inputs[1]`, unless `origins` says otherwise. */
  readonly sources: readonly string[];
  /** For each source the tree that it lies in, `inputs[1 + tree]`, and whether that was fetched: ADD unpacks only what was not, and the paths are names then, without wildcards. */
  readonly origins?: readonly { readonly tree: number; readonly fetched: boolean }[];
  readonly inline: readonly { readonly name: string; readonly content: string }[];
  /** Absolute; a trailing slash says that it is a directory. */
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  /** --parents of COPY: sources are patterns, and keep their folders. */
  readonly parents?: boolean;
  /** Patterns of --exclude. */
  readonly exclude?: readonly string[];
  /** --unpack of ADD, where it was given. */
  readonly unpack?: boolean;
  readonly platform: Platform;
}

export interface MkdirOperation {
  readonly kind: "mkdir";
  readonly path: string;
  readonly mode: number;
  readonly owner?: string;
  /** Seconds since the epoch: the time of the directory, if it is made now. */
  readonly time?: number;
  readonly platform: Platform;
}

/** The layer of `inputs[1]`, which was made on nothing, upon the file system of `inputs[0]`. Done when a step needs the files. */
export interface MergeOperation {
  readonly kind: "merge";
}

/** Indexes of the inputs whose files are in the key by what they are: the trees of a COPY, and what a RUN mounts. */
export function readInputs({ operation, inputs }: Pick<Vertex, "operation" | "inputs">): number[] {
  if (operation.kind === "copy") return inputs[1] ? inputs.flatMap((_, index) => (index > 0 ? [index] : [])) : [];
  if (operation.kind !== "run") return [];
  return [...new Set((operation.mounts ?? []).flatMap((mount) => ("input" in mount && mount.input !== null ? [mount.input] : [])))];
}

/** Makes vertices, each distinct piece of work once. */
export class VertexPool {
  readonly #known = new Map<Digest, Vertex>();

  add(operation: Operation, inputs: readonly (Vertex | undefined)[], about: Omit<Vertex, "digest" | "operation" | "inputs">): Vertex {
    const digest = sha256(JSON.stringify([operation, inputs.map((input) => input?.digest ?? null), about.ignoreCache]));
    const known = this.#known.get(digest);
    if (known) return known;
    const vertex: Vertex = Object.freeze({ ...about, digest, operation, inputs });
    this.#known.set(digest, vertex);
    return vertex;
  }
}
