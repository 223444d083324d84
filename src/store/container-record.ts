import type { RunJob } from "../exec/run-job.ts";
import type { Digest } from "../oci/digest.ts";

/** `created` was never started, or its command could not be; `paused` stands still, `restarting` waits for its next start; `exited` has run. */
export type ContainerState = "created" | "running" | "paused" | "restarting" | "exited";

/** Whether a container in that state is somebody's who sees to it that it runs. */
export function isUp(state: ContainerState): boolean {
  return state === "running" || state === "paused" || state === "restarting";
}

/** A container on this machine. Times are milliseconds since the epoch. */
export interface ContainerRecord {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** The image it was made of, which may be gone from the store by now. */
  readonly image: Digest;
  /** The snapshot below its writable layer; none for an image without layers. */
  readonly snapshot?: string | undefined;
  readonly state: ContainerState;
  /** Whether it goes when it ends. */
  readonly autoRemove: boolean;
  readonly spec: ContainerSpec;
  readonly createdAt: number;
  readonly startedAt?: number | undefined;
  readonly finishedAt?: number | undefined;
  readonly exitCode: number;
  /** How often it was started again by itself since somebody has started it. */
  readonly restarts: number;
  /** Why it could not be started, or what went wrong while it ran. */
  readonly error: string;
  /** The process that supervises it, by its number in this machine's PID namespace; while it runs. */
  readonly supervisor?: number | undefined;
  /** What is only so while it runs. */
  readonly running?: RunningContainer | undefined;
}

/** What a container was asked to be, when it was created. */
export interface ContainerSpec {
  /** The image's name as it was given. */
  readonly imageName: string;
  /** ENTRYPOINT, of the image or as --entrypoint changes it, and the words behind it, which make up the command together. */
  readonly entrypoint: readonly string[];
  readonly words: readonly string[];
  readonly job: Omit<RunJob, "root" | "stdin" | "cgroups" | "limits" | "ports">;
  /** The environment that was asked for: of the image and by flags. `job.env` has what every container gets beside it. */
  readonly env?: readonly string[];
  /** Whether standard input stays open. */
  readonly interactive: boolean;
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The number of the signal that asks it to end. */
  readonly stopSignal: number;
  /** Seconds that it then has to end; -1 for as long as it takes. */
  readonly stopTimeout: number;
  /** What -p and -P ask for; host ports may be left open. */
  readonly ports: readonly PortRequest[];
  /** `80/tcp`, of EXPOSE and --expose. */
  readonly exposed: readonly string[];
  readonly limits: ResourceLimits;
  /** When it is started again by itself; never where not given. */
  readonly restart?: RestartPolicy;
  /** Bytes of one log file and how many there are at most; none where nothing is logged. */
  readonly log?: { readonly size: number; readonly files: number } | undefined;
}

export interface RestartPolicy {
  readonly name: "no" | "always" | "unless-stopped" | "on-failure";
  /** How often at most, of `on-failure`; 0 for any number. */
  readonly retries: number;
}

export interface PortRequest {
  /** Address of the host to listen at; empty for all. */
  readonly address: string;
  /** 0 for any free one; with `last`, any free one of a range. */
  readonly host: number;
  readonly last?: number;
  readonly container: number;
  readonly protocol: "tcp" | "udp";
}

export interface ResourceLimits {
  /** Bytes. */
  readonly memory?: number;
  /** Bytes of memory and swap together; -1 for no limit of swap. */
  readonly memorySwap?: number;
  /** Processors, 1.5 for one and a half. */
  readonly cpus?: number;
  readonly pids?: number;
}

/** What a container that runs has of this machine. */
export interface RunningContainer {
  /** Its first process and when that was started, in clock ticks after boot. */
  readonly pid: number;
  readonly started: string;
  readonly ports: readonly PublishedPort[];
  /** Folders of cgroups that it alone is in. */
  readonly cgroups: readonly string[];
}

export interface PublishedPort {
  readonly address: string;
  readonly host: number;
  readonly container: number;
  readonly protocol: "tcp" | "udp";
}
