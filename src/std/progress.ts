import type { SourceLocation } from "./fault.ts";

/**
 * What happens during a build, push or pull, as events; only the CLI turns them into text.
 * The shape follows BuildKit's SolveStatus (api/services/control), so that `--progress rawjson` can print it.
 * Times are milliseconds since the epoch.
 */
export type ProgressEvent = StepEvent | LogEvent | TransferEvent | WarningEvent;

/** A step began, ended, was taken from the cache or failed. Sent again whenever a field changes. */
export interface StepEvent {
  readonly type: "step";
  readonly id: string;
  /** `[builder 2/4] RUN pip install …` */
  readonly name: string;
  /** Ids of the steps that this one waits for. */
  readonly inputs?: readonly string[];
  readonly started?: number;
  readonly completed?: number;
  readonly cached?: boolean;
  /** Why it ran or what it hit, for --explain; one line each. */
  readonly why?: readonly string[];
  readonly error?: string;
}

/** Bytes that the step's command printed. */
export interface LogEvent {
  readonly type: "log";
  readonly id: string;
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
  readonly time: number;
}

/** Something below a step that has an amount: a blob on its way, a layer being unpacked or compressed. */
export interface TransferEvent {
  readonly type: "transfer";
  /** The step it belongs to. */
  readonly id: string;
  /** Unique below the step, shown to the user: `sha256:4f4fb700ef54` or `extracting sha256:…`. */
  readonly key: string;
  /** Of the blob that is carried, in full. */
  readonly digest?: string;
  readonly action: "pulling" | "pushing" | "extracting" | "compressing" | "mounted" | "exists" | "transferring";
  readonly current: number;
  readonly total?: number;
  readonly started?: number;
  readonly completed?: number;
}

export interface WarningEvent {
  readonly type: "warning";
  readonly id?: string;
  readonly message: string;
  readonly hint?: string;
  /** Of a build check: what the rule is about, its documentation, and the place it found. */
  readonly detail?: string;
  readonly url?: string;
  readonly location?: SourceLocation;
}

export type OnProgress = (event: ProgressEvent) => void;
