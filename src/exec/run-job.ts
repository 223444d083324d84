import type { Readable } from "node:stream";
import type { CgroupLimits } from "../linux/cgroup.ts";
import type { Emulator } from "./emulation/find-emulation.ts";

/** One command to run in a container of its own. All paths on the host are absolute. */
export interface RunJob {
  readonly root: RootFileSystem;
  readonly args: readonly string[];
  /** `K=V`, complete: nothing of the host's environment is added but what `hostCertificates` says, and HOME. */
  readonly env: readonly string[];
  /** Working directory in the container; made 0755 for the process's user where it is missing. */
  readonly cwd: string;
  /** `""`, `uid[:gid]` or `name[:group]`, resolved by the container's own /etc/passwd and /etc/group. */
  readonly user: string;
  readonly hostname: string;
  readonly extraHosts: readonly { readonly name: string; readonly ip: string }[];
  readonly network: "default" | "none" | "host";
  /** Files and folders of the host to show at a path in the container. */
  readonly mounts: readonly HostMount[];
  /** What a RUN mounts, in the order in which it is hung in where targets lie equally deep. */
  readonly stepMounts?: readonly StepMount[];
  /** Runs with every capability and device that this process may give away, and with nothing masked (--security=insecure). */
  readonly insecure?: boolean;
  /** Empty file systems in memory. */
  readonly tmpfs?: readonly { readonly target: string; readonly options?: string }[];
  readonly readonlyRoot?: boolean;
  /** Bytes of /dev/shm; 64 MiB where not given. */
  readonly shmSize?: number;
  /** Names like CAP_CHOWN that the container's root has; Docker's default ones where not given. */
  readonly capabilities?: readonly string[];
  /** Whether programs with set-id bits or file capabilities get nothing by them. */
  readonly noNewPrivileges?: boolean;
  /** For a command of another architecture that the kernel does not run by itself. */
  readonly emulator?: Emulator;
  readonly ulimits?: readonly Ulimit[];
  /** Folders of cgroups to run in. */
  readonly cgroups?: readonly string[];
  /** What these limit; for OCI runtimes, which make a further one inside. */
  readonly limits?: CgroupLimits;
  /** Whether it sees all cgroups of this machine by their names here, where it could see its own only (--cgroupns=host). */
  readonly hostCgroups?: boolean;
  /** Ports of this machine that lead into the container; it then has a network of its own, by pasta. */
  readonly ports?: readonly PortForward[];
  /** Shows the host's CA certificates besides the image's and points the usual variables to them. */
  readonly hostCertificates: boolean;
  /** Whether process 1 is one that waits for all others, and the command its child; of the built-in sandbox only. */
  readonly init?: boolean;
  readonly stdin: "null" | "inherit" | Readable;
  /** A terminal of the command's own, joined to the one that this process has on stdin and stdout. */
  readonly terminal: boolean;
}

export type RootFileSystem =
  | {
    readonly kind: "overlay"; readonly lowers: readonly string[]; readonly upper: string; readonly work: string;
    /** Whether what the command syncs has to be on the disk then; false where not given, since it costs time. */
    readonly lasting?: boolean;
  }
  | { readonly kind: "folder"; readonly path: string };

export interface HostMount {
  readonly source: string;
  readonly target: string;
  readonly readonly: boolean;
}

/** A mount of a RUN. Paths inside a tree or folder never lead out of it, whatever symlinks say. */
export type StepMount =
  /** A path of a stack of layers, top first; what is written goes into `upper`. */
  | {
    readonly kind: "tree"; readonly lowers: readonly string[]; readonly upper?: string; readonly work?: string;
    readonly path: string; readonly target: string; readonly readonly: boolean;
  }
  /** A path below a folder of the host. */
  | { readonly kind: "host"; readonly source: string; readonly path: string; readonly target: string; readonly readonly: boolean }
  | { readonly kind: "tmpfs"; readonly target: string; readonly size: number; readonly readonly: boolean }
  /** A file that is in memory only; `content` is base64. */
  | { readonly kind: "file"; readonly target: string; readonly content: string; readonly mode: number; readonly uid: number; readonly gid: number };

/** A limit of setrlimit(2) by its number; -1 is without limit. */
export interface Ulimit { readonly resource: number; readonly soft: number; readonly hard: number }

export interface PortForward {
  /** Address of this machine to listen at; empty for all. */
  readonly address: string;
  readonly host: number;
  readonly container: number;
  readonly protocol: "tcp" | "udp";
}

/** Why a command did not start. */
export type NotStarted = "notFound" | "notExecutable" | "noFolder";

/** How a command ended: as a shell would say it, 128 + signal number after a signal. */
export interface RunResult {
  readonly exitCode: number;
  /** The signal that ended the command, as far as the exit status tells. */
  readonly signal?: NodeJS.Signals;
  /** The command did not start: it or the folder to run in is not in the container, or it cannot be executed. `message` tells more. */
  readonly failure?: NotStarted;
  readonly message?: string;
}

export interface RunOptions {
  /** Ends the command by SIGTERM, a few seconds later by SIGKILL; `run` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Gets every byte that the command writes, in order per stream; while it returns a promise, nothing more is read. */
  readonly onOutput?: (stream: "stdout" | "stderr", data: Uint8Array) => void | Promise<void>;
  /** Called when the command has a terminal, with what sets its size. */
  readonly onTerminal?: (resize: (columns: number, rows: number) => void) => void;
  /** Called when the command is about to start, with a way to pass signals on to it. */
  readonly onStart?: (running: { readonly pid: number; kill(signal: NodeJS.Signals | number): void }) => void;
  /**
   * Called when the command really runs: what follows is its own doing. Never for one that could not be executed.
   * With an OCI runtime, when that runs.
   */
  readonly onExecuted?: () => void;
}

/** Runs commands in containers. Disposing of it ends what still runs and what was started ahead. */
export interface Executor extends AsyncDisposable {
  readonly runtime: string;
  /**
   * @throws SANDBOX_FAILED when the container cannot be set up, USER_NOT_FOUND, and the abort signal's reason.
   */
  run(job: RunJob, options?: RunOptions): Promise<RunResult>;
  /**
   * Brings the sandboxes that are started ahead to that number; each command takes one of them and starts at once.
   * @param followed how many commands may come in all: for several it pays to make sandboxes by copying
   * @param emulated whether it is about commands that need an emulator; those of the others are counted apart
   */
  warm?(count: number, followed?: number, emulated?: boolean): void;
}
