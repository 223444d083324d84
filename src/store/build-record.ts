import type { Digest } from "../oci/digest.ts";

/** What is kept of a build after it is over. Times are milliseconds since the epoch. */
export interface BuildRecord {
  /** 25 letters and digits, as BuildKit's refs. */
  readonly ref: string;
  readonly status: BuildStatus;
  readonly about: BuildAbout;
  readonly startedAt: number;
  /** Absent while the build runs. Of one whose process was killed it is when it was last heard of. */
  readonly completedAt?: number | undefined;
  readonly error?: BuildError | undefined;
  readonly counts: StepCounts;
}

export type BuildStatus = "running" | "completed" | "error" | "canceled";

export interface BuildError {
  /** Of the fault; absent for what is in no table. */
  readonly code?: string;
  readonly message: string;
}

export interface StepCounts {
  readonly total: number;
  readonly completed: number;
  readonly cached: number;
}

/** What was asked for. Several targets that are built at once are named one after the other. */
export interface BuildAbout {
  readonly name: string;
  readonly context: string;
  readonly dockerfile?: string;
  /** What is checked out where the context is; the repository without a login. */
  readonly commit?: { readonly revision: string; readonly repository?: string };
  readonly target?: string;
  readonly platforms?: readonly string[];
  readonly tags: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  readonly imageIds?: readonly string[];
  /** The worker that it was built on; absent for one that was built here. */
  readonly builder?: string;
  /** --build-context, without logins. */
  readonly contexts?: Readonly<Record<string, string>>;
  /** What else was asked for, with buildx's names. */
  readonly config?: BuildConfig;
  /** What went into it that is known by a digest. */
  readonly materials?: readonly { readonly uri: string; readonly digest?: Readonly<Record<string, string>> }[];
}

/** Settings of the steps of a build; what was not asked for is absent. */
export interface BuildConfig {
  readonly Network?: string;
  /** `name=address` */
  readonly ExtraHosts?: readonly string[];
  readonly ImageResolveMode?: "pull";
  readonly NoCacheFilter?: readonly string[];
  /** Bytes. */
  readonly ShmSize?: string;
  /** `nofile=1024:2048,core=0:0` */
  readonly Ulimit?: string;
}

/** A document that a build has made, and that is kept with its record. */
export interface BuildAttachment {
  readonly digest: Digest;
  /** The predicate of a statement, or a media type. */
  readonly type: string;
  /** `linux/arm64`; absent for what is about all of them. */
  readonly platform?: string;
  readonly bytes: Uint8Array;
}

/** A step of a build with what it printed. */
export interface RecordedStep {
  readonly id: string;
  readonly name: string;
  readonly started?: number | undefined;
  readonly completed?: number | undefined;
  readonly cached?: boolean | undefined;
  readonly error?: string | undefined;
  /** The last lines where it printed much; `data` is base64. */
  readonly log: readonly { readonly time: number; readonly stream: "stdout" | "stderr"; readonly data: string }[];
  /** Bytes of the log that were not kept. */
  readonly dropped?: number | undefined;
}
