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
  readonly target?: string;
  readonly platforms?: readonly string[];
  readonly tags: readonly string[];
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
  readonly imageIds?: readonly string[];
  /** The worker that it was built on; absent for one that was built here. */
  readonly builder?: string;
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
