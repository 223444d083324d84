import type { Readable } from "node:stream";
import type { SecretSource } from "../build/secrets.ts";
import type { SshForward } from "../build/ssh-agents.ts";

/** A build as it is sent to a worker; names and meanings are those of `docker buildx build`. */
export interface WorkerBuild {
  /** A folder, a URL or git repository that the worker fetches, or `-` for a tar or a Dockerfile on `stdin`. */
  readonly context: string;
  readonly file?: string;
  readonly cwd: string;
  readonly stdin?: Readable;
  /** Full names. */
  readonly tags: readonly string[];
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly platforms: readonly string[];
  readonly noCache: boolean;
  readonly noCacheFilter: readonly string[];
  readonly pull: boolean;
  readonly addHosts: readonly { readonly name: string; readonly ip: string }[];
  readonly network: "default" | "none" | "host";
  readonly cgroupParent?: string;
  /** Bytes. */
  readonly shmSize?: number;
  /** `nofile=1024:2048` */
  readonly ulimits: readonly string[];
  /** Entitlements: `network.host`, `security.insecure`. */
  readonly allow: readonly string[];
  /** Attestations by type, with their attributes as they were written. */
  readonly attests: ReadonlyMap<string, string>;
  /** Ask the worker how it made the result; `min` is without steps and times. */
  readonly tellProvenance?: "min" | "max";
  /** Tell the worker which commit the context is, for its provenance. */
  readonly gitInfo: boolean;
  /** The same as labels. */
  readonly gitLabels: boolean;
  /** Whether both add `-dirty` to the commit when its work tree has anything besides. */
  readonly gitCheckDirty: boolean;
  readonly contexts: ReadonlyMap<string, string>;
  readonly cacheFrom: readonly TypedAttrs[];
  readonly cacheTo: readonly TypedAttrs[];
  readonly secrets: readonly SecretSource[];
  readonly agents: readonly SshForward[];
  readonly outputs: readonly WorkerOutput[];
}

export interface TypedAttrs {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** `worker`: nothing comes here; `store`: an archive that is read into the store; `folder`: a tar that is unpacked. */
export type Sink = { readonly kind: "worker" } | { readonly kind: "store" } | { readonly kind: "file"; readonly dest: string } | { readonly kind: "folder"; readonly dest: string };

/** An output of the worker, and what becomes of its bytes on this side. */
export interface WorkerOutput extends TypedAttrs {
  readonly sink: Sink;
}
