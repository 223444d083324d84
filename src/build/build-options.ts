import type { CheckWarning } from "../check/checker.ts";
import type { Readable } from "node:stream";
import type { Descriptor } from "../oci/manifest.ts";
import type { Digest } from "../oci/digest.ts";
import type { Ulimit } from "../exec/run-job.ts";
import type { Entitlement } from "../graph/evaluation.ts";
import type { OnProgress } from "../std/progress.ts";
import type { CacheExport, CacheImport } from "../cache/cache-options.ts";
import type { Annotation } from "./annotations.ts";
import type { AttestOptions } from "./attest/provenance-options.ts";
import type { OnFailedRun } from "./failed-run.ts";
import type { Packing } from "./packing.ts";
import type { SecretSource } from "./secrets.ts";
import type { SshForward } from "./ssh-agents.ts";

/** Where a finished build goes: with `cacheonly` nowhere, and only its steps are kept. */
export type BuildOutput = WrittenOutput | { readonly type: "cacheonly" };

/** `dest` is a path, `-` stands for standard output. */
export type WrittenOutput =
  | ({ readonly type: "store"; /** In place of `tags`. */ readonly names?: readonly string[] } & TimeAttributes)
  | ({ readonly type: "registry" } & ImageAttributes)
  | ({ readonly type: "oci" | "docker"; readonly dest: string; /** `false`: `dest` is a folder, an OCI layout. */ readonly tar?: boolean } & ImageAttributes)
  | ({ readonly type: "tar" | "local"; readonly dest: string } & FilesAttributes);

/** What may be said about the times in an output. */
export interface TimeAttributes {
  /** Seconds since 1970, in place of SOURCE_DATE_EPOCH; `none`: as if there were none. */
  readonly epoch?: number | "none";
  /** Whether files of the image's own layers are no younger either. */
  readonly rewriteTimestamp?: boolean;
}

/** What may be said about an output that is an image. */
export interface ImageAttributes extends TimeAttributes {
  readonly packing?: Packing;
  /** In place of `tags`. */
  readonly names?: readonly string[];
  /** Push without a tag: the result is found by its digest only. */
  readonly pushByDigest?: boolean;
  /** Speak plain HTTP to the registries of the names, or do not check their certificates. */
  readonly insecure?: boolean;
  /** `false`: manifests have Docker's media types. With attestations they are OCI's in any case. */
  readonly ociMediaTypes?: boolean;
  readonly annotations?: readonly Annotation[];
  /** Whether attestations are artifacts that refer to their image; by default true. Some registries take them as images only. */
  readonly ociArtifact?: boolean;
  /** Whether an archive holds what is said to be for images in registries only. */
  readonly attestationInline?: boolean;
}

/** What may be said about an output that is files. */
export interface FilesAttributes extends Pick<TimeAttributes, "epoch"> {
  /** A folder for each platform; by default where there are several. */
  readonly platformSplit?: boolean;
  /** `delete`: afterwards the folder holds nothing but the result. By default what others put there stays. */
  readonly mode?: "copy" | "delete";
  /** Stands before the names of the files that attestations are. */
  readonly attestationPrefix?: string;
}

/** What `sampan build` and `build()` take; names and meanings are those of `docker build`. */
export interface BuildOptions {
  /** Folder of the build context, a git URL, the URL of an archive or Dockerfile, or `-` for a tar or a Dockerfile on `stdin`. */
  readonly context: string;
  /** Path of the Dockerfile, `-` for standard input; by default `Dockerfile` in the context. */
  readonly file?: string;
  /** Relative paths start here; by default the working directory of the process. */
  readonly cwd?: string;
  readonly stdin?: Readable;
  /** Image names, `registry.example.com/team/app:1.2.0`. */
  readonly tags?: readonly string[];
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** By name, in place of images and stages: a folder, `docker-image://…`, `oci-layout://…`, an http(s) or git URL, `target:<stage>`. */
  readonly buildContexts?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** One, or several of which the result is an index: `linux/amd64,linux/arm64`. */
  readonly platform?: string | readonly string[];
  readonly annotations?: readonly Annotation[];
  /** What is said about the result, and kept beside it: nothing, by default. */
  readonly attest?: AttestOptions;
  /** Give back in {@link BuildResult.provenance} how the result was made; `min` is without steps and times. */
  readonly tellProvenance?: "min" | "max";
  /** Whether a provenance names the commit that the context is, which git is asked for; by default true. */
  readonly gitInfo?: boolean;
  /** Labels that name the commit and the repository of a context that is a folder of one, before those of `labels`. */
  readonly gitLabels?: boolean;
  /** Whether both add `-dirty` to the commit when its work tree has anything besides. */
  readonly gitCheckDirty?: boolean;
  readonly noCache?: boolean;
  /** Names of stages that do not use the cache. */
  readonly noCacheFilter?: readonly string[];
  /** Caches of other machines to look for results in, one after the other. */
  readonly cacheFrom?: readonly CacheImport[];
  /** Where results are kept for other machines. */
  readonly cacheTo?: readonly CacheExport[];
  /** Where cache mounts that are new on this machine get their folders from. */
  readonly cacheMountsFrom?: readonly CacheImport[];
  /** Where the folders of cache mounts are kept for other machines. */
  readonly cacheMountsTo?: readonly CacheExport[];
  /** Look for reasons of misses in caches elsewhere too, which costs a request each. */
  readonly explain?: boolean;
  /** Ask the registry for every base image, even for those in the store. */
  readonly pull?: boolean;
  /** By default `[{ type: "store" }]`. */
  readonly outputs?: readonly BuildOutput[];
  readonly addHosts?: readonly { readonly name: string; readonly ip: string }[];
  readonly network?: "default" | "none" | "host";
  /** Bytes of /dev/shm for RUN; 64 MiB where not given. */
  readonly shmSize?: number;
  readonly ulimits?: readonly Ulimit[];
  /** What RUN --mount=type=secret may ask for. */
  readonly secrets?: readonly SecretSource[];
  /** Agents that RUN --mount=type=ssh may ask for. */
  readonly ssh?: readonly SshForward[];
  /** Rights that RUN --network=host and --security=insecure may take. */
  readonly allow?: readonly Entitlement[];
  /** `builtin` (default), `runc`, `crun`, or the path of an OCI runtime. */
  readonly runtime?: string;
  /** Show the host's CA certificates to RUN; true by default. */
  readonly hostCertificates?: boolean;
  /** Folder of the store; by default `$SAMPAN_ROOT`, else the user's own. */
  readonly root?: string;
  /** Registries to speak plain HTTP to, or not to check certificates of; true for all. */
  readonly insecure?: boolean | readonly string[];
  /** Logins by registry host, used before those that are kept. */
  readonly logins?: ReadonlyMap<string, { readonly username: string; readonly password: string }>;
  /** Never log in. */
  readonly anonymous?: boolean;
  /** The only file to look for logins in, in docker's or containers' format. */
  readonly authFile?: string;
  readonly onProgress?: OnProgress;
  /** Called where a RUN has failed, before what it left is thrown away. */
  readonly onFailedRun?: OnFailedRun;
  readonly signal?: AbortSignal;
}

export interface BuildResult {
  /** The name of the build among those that the store keeps records of. */
  readonly ref: string;
  /** Image id: the digest of the config. Absent for several platforms and where only `tar` or `local` outputs were asked for. */
  readonly imageId?: Digest;
  /** The manifest or index, where one was made: what is only in the store as it was built has none, since nothing is compressed for it. */
  readonly manifest?: Descriptor;
  /** The config that the manifest names; absent where there is none, or an index. */
  readonly configDigest?: Digest | undefined;
  /** Full names that the image got. */
  readonly names: readonly string[];
  readonly warnings: readonly string[];
  /** What build checks found in the Dockerfile. */
  readonly checks: readonly CheckWarning[];
  /** By platform, where it was asked for: the predicate of SLSA v0.2. */
  readonly provenance?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}
