import type { CgroupLimits } from "../linux/cgroup.ts";
import type { Emulator } from "./emulation/find-emulation.ts";
import type { Obstacle } from "./mount-stubs.ts";
import type { NotStarted, StepMount } from "./run-job.ts";

/** A command and the rights that it gets. */
export interface CommandJob {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  /** Names; Docker's default ones where not given. */
  readonly capabilities?: readonly string[];
  readonly noNewPrivileges?: boolean;
  /** Every capability that this process may give away, no filter of system calls, nothing masked. */
  readonly insecure?: boolean;
  readonly ulimits?: readonly { readonly resource: number; readonly soft: number; readonly hard: number }[];
  /** What the command is run through. */
  readonly emulator?: Emulator;
  readonly terminal: boolean;
  /** Standard descriptors that were made for the command, which its user may open again. */
  readonly ownDescriptors: readonly number[];
  /** Whether to say when the command is executed. */
  readonly announce: boolean;
}

/** What a sandbox child is told, as one line of JSON on its descriptor 3, a pipe: secrets of a build go this way and never lie on a disk. */
export interface SandboxJob extends CommandJob {
  /** An empty folder on the host to mount on while the root is put together. */
  readonly staging: string;
  readonly root:
    | { readonly kind: "overlay"; readonly lowers: readonly string[]; readonly upper: string; readonly work: string; readonly lasting?: boolean }
    | { readonly kind: "folder"; readonly path: string };
  readonly readonlyRoot: boolean;
  readonly shmSize?: number;
  readonly hostname: string;
  /** `wait`: a network of its own that somebody else connects before the child is told to go on. */
  readonly network: "host" | "none" | "wait";
  /** Small files shown read-only, `/etc/hosts` and the like. */
  readonly files: readonly { readonly target: string; readonly content: string }[];
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly readonly: boolean }[];
  readonly tmpfs: readonly { readonly target: string; readonly options?: string }[];
  /** Folders of cgroups that were made for it; it is in them. */
  readonly cgroups: readonly string[];
  readonly limits?: CgroupLimits;
  /** Whether it stays in the cgroup namespace that it is started in. */
  readonly hostCgroups?: boolean;
  readonly stepMounts: readonly StepMount[];
  /** The host's CA bundle, where it is to be shown. */
  readonly certificates?: string;
  /** The OCI runtime to hand the container to, and the container's id. */
  readonly runtime?: { readonly path: string; readonly id: string };
}

/** What a child is told that is to run a further command in a container: it has the container's namespaces as descriptors. */
export type JoinJob = CommandJob;

/** What a sandbox child says, a line of JSON each, on the same descriptor. */
export type SandboxReport =
  /** It waits for its job; `pid` is its number as the parent sees it. */
  | { readonly kind: "ready"; readonly pid: number }
  /** It has a network of its own; it goes on when it is sent an empty line. */
  | { readonly kind: "network" }
  /** Its descriptor of the terminal to talk to the command through; it goes on when it is sent an empty line. */
  | { readonly kind: "terminal"; readonly fd: number }
  /**
   * It executes the command when it is sent an empty line. Its descriptor of a pipe whose other end closes by that; a
   * byte comes before where the command could not be executed.
   */
  | { readonly kind: "executing"; readonly fd: number }
  /** Mount points that it had to make in the root. */
  | { readonly kind: "stubs"; readonly stubs: readonly MountStub[] }
  /** What waits for the command, where there is such a process, hands its exit status on. */
  | { readonly kind: "waited" }
  /** It did not come as far as the command. */
  | { readonly kind: "failed"; readonly step: string; readonly code?: string; readonly message: string; readonly path?: string }
  /** Nothing can be mounted at that target. */
  | { readonly kind: "unfit"; readonly target: string; readonly obstacle: Obstacle }
  | { readonly kind: "noUser"; readonly user: string; readonly problem: string }
  | { readonly kind: "notMapped"; readonly user: string }
  | { readonly kind: "notStarted"; readonly failure: NotStarted; readonly message: string };

/** What a zygote says, on a channel of its own. */
export type ZygoteReport =
  /** It waits for a request, an empty line; `pid` is its number as the parent sees it. */
  | { readonly kind: "ready"; readonly pid: number }
  /** The parent's ends of the pipes and the channel of a child to come, to be taken; it goes on when it is sent an empty line. */
  | { readonly kind: "descriptors"; readonly stdout: number; readonly stderr: number; readonly channel: number }
  /** There is a child; `child` is its number as the zygote sees it. */
  | { readonly kind: "copied"; readonly child: number }
  /** A child has ended, with a status as a shell would say it. */
  | { readonly kind: "exited"; readonly child: number; readonly exitCode: number };

/** A mount point that was made in the root; times are nanoseconds, decimal, of the folder it lies in. */
export interface MountStub {
  /** Path below the root. */
  readonly path: string;
  readonly before: { readonly atime: string; readonly mtime: string };
  readonly after: { readonly mtime: string };
}

/** What a zygote is told that took too long with a child: it makes none, and goes on looking after those it has. */
export const NOT_WANTED = "not wanted\n";
