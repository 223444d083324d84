import { heldCapabilities } from "../linux/capabilities.ts";
import { CPU_PERIOD, isUnified, type CgroupLimits } from "../linux/cgroup.ts";
import { capabilityNames, DEFAULT_CAPABILITIES } from "./capabilities.ts";
import { DEVICES } from "./make-dev.ts";
import { MASKED_PATHS, READONLY_PATHS } from "./masked-paths.ts";
import type { SandboxJob } from "./sandbox-job.ts";
import type { SeccompProfile } from "../linux/seccomp.ts";
import { DEFAULT_PROFILE, profileFor } from "./seccomp-profile.ts";
import { ulimitName } from "./ulimits.ts";
import type { ProcessUser } from "./user.ts";

interface OciMount { readonly destination: string; readonly type: string; readonly source: string; readonly options: readonly string[] }

/** The config.json of a bundle (runtime-spec 1.0.2, config.md) with the settings that the built-in sandbox has. */
export function ociConfig(job: SandboxJob, { user, env, files, stepMounts, cgroups, rootless, oneId, dev, closed: closedFolders }: {
  readonly user: ProcessUser;
  readonly env: readonly string[];
  /** Small files to show, where they lie now. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
  /** What a RUN mounts, where it is mounted now, with all its attributes. */
  readonly stepMounts: readonly { readonly source: string; readonly target: string; readonly options: readonly string[] }[];
  /** What is shown as its cgroups, where the runtime makes none. */
  readonly cgroups: string | undefined;
  /** The user namespace does not own the network, so that sysfs has to be the host's. */
  readonly rootless: boolean;
  readonly oneId: boolean;
  /** What /dev is to lie in, where it is not the usual file system. */
  readonly dev: { readonly size: number; readonly readonly: boolean } | undefined;
  /** Folders (paths outside) in which no device may be opened, where the runtime does not see to that, and mount(8), which makes it so. */
  readonly closed: { readonly program: string; readonly folders: readonly string[] } | undefined;
}): object {
  const capabilities = job.insecure ? capabilityNames(heldCapabilities()) : job.capabilities ?? DEFAULT_CAPABILITIES;
  const held = user.uid === 0 ? capabilities : [];
  const access = job.insecure ? "rw" : "ro";
  const closed = ["nosuid", "noexec", "nodev"];
  const sys: OciMount = rootless
    ? { destination: "/sys", type: "none", source: "/sys", options: ["rbind", access, ...closed] }
    : { destination: "/sys", type: "sysfs", source: "sysfs", options: [access, ...closed] };
  return {
    ociVersion: "1.0.2",
    hostname: job.hostname,
    root: { path: "root", readonly: job.readonlyRoot },
    process: {
      terminal: job.terminal,
      user: { uid: user.uid, gid: user.gid, ...(oneId ? {} : { additionalGids: user.groups }), umask: 0o022 },
      args: job.args,
      env,
      cwd: job.cwd === "" ? "/" : job.cwd,
      capabilities: { bounding: capabilities, effective: held, permitted: held },
      noNewPrivileges: job.noNewPrivileges ?? false,
      ...(job.ulimits ? { rlimits: job.ulimits.map(ociLimit) } : {}),
    },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: closed },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: dev ? ["nosuid", ...(dev.size > 0 ? [`size=${dev.size}`] : []), ...(dev.readonly ? ["ro"] : [])] : ["nosuid", "strictatime", "mode=755", "size=65536k"] },
      ...(closedFolders ? DEVICES.map((name): OciMount => ({ destination: `/dev/${name}`, type: "bind", source: `/dev/${name}`, options: ["bind", "ro", "nosuid", "noexec"] })) : []),
      { destination: "/dev/pts", type: "devpts", source: "devpts", options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", ...(oneId ? [] : ["gid=5"])] },
      { destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...closed, "mode=1777", `size=${job.shmSize ?? "65536k"}`] },
      { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: closed },
      sys,
      cgroupMount(cgroups ?? (job.hostCgroups && isUnified() ? "/sys/fs/cgroup" : undefined), [access, ...closed]),
      ...files.map(({ source, target }): OciMount => ({ destination: target, type: "bind", source, options: ["bind", "ro", ...closed] })),
      ...job.mounts.map(({ source, target, readonly }): OciMount => ({ destination: target, type: "bind", source, options: ["rbind", "nosuid", "nodev", readonly ? "ro" : "rw"] })),
      ...stepMounts.toSorted((a, b) => depth(a.target) - depth(b.target)).map(({ source, target, options }): OciMount => ({ destination: target, type: "bind", source, options: ["rbind", ...options] })),
      ...job.tmpfs.map(({ target, options }): OciMount => ({ destination: target, type: "tmpfs", source: "tmpfs", options: [...closed, ...(options ?? "").split(",").filter((option) => option !== "")] })),
    ],
    ...(closedFolders ? { hooks: { createContainer: closedFolders.folders.map((folder) => closing(closedFolders.program, folder)) } } : {}),
    linux: {
      // The network is the one that the runtime is started in: the host's or one of its own.
      namespaces: ["pid", "ipc", "uts", "mount", ...(job.hostCgroups ? [] : ["cgroup"])].map((type) => ({ type })),
      ...(job.insecure ? {} : {
        maskedPaths: MASKED_PATHS,
        readonlyPaths: READONLY_PATHS,
        seccomp: seccomp(job.capabilities === undefined ? DEFAULT_PROFILE : profileFor(job.capabilities)),
      }),
      // The limits hold already; what a container reads of them are those of the cgroup that the runtime makes.
      ...(cgroups === undefined ? { ...pathInside(job.cgroups), resources: resources(job.limits ?? {}) } : { resources: {} }),
    },
  };
}

/** Runs when everything is mounted, before the root is changed. */
function closing(program: string, folder: string): object {
  return { path: program, args: ["mount", "-n", "-o", "remount,bind,nodev", folder], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] };
}

/**
 * What the cgroups are to be read from, or those that the runtime knows of. A new mount of version 2 in this machine's own
 * cgroup namespace would change the options of all others there are.
 */
function cgroupMount(source: string | undefined, options: readonly string[]): OciMount {
  const destination = "/sys/fs/cgroup";
  return source === undefined ? { destination, type: "cgroup", source: "cgroup", options } : { destination, type: "bind", source, options: ["rbind", ...options] };
}

/** In version 2 the runtime's cgroup has to lie in ours, as it would be made beside it otherwise; in version 1 it does so by itself. */
function pathInside([folder]: readonly string[]): { cgroupsPath?: string } {
  return folder !== undefined && isUnified() ? { cgroupsPath: `${folder.slice("/sys/fs/cgroup".length)}/container` } : {};
}

function resources({ memory, cpus, pids }: CgroupLimits): object {
  return {
    ...(memory === undefined ? {} : { memory: { limit: memory } }),
    ...(cpus === undefined ? {} : { cpu: { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD } }),
    ...(pids === undefined ? {} : { pids: { limit: pids } }),
  };
}

const depth = (path: string): number => path.split("/").length;

function ociLimit({ resource, soft, hard }: NonNullable<SandboxJob["ulimits"]>[number]): object {
  const name = ulimitName(resource);
  const UNLIMITED = 18446744073709551615n;
  // As a text in BigInt's form, which JSON does not know, the number would lose its last digits.
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: soft < 0 ? Number(UNLIMITED) : soft, hard: hard < 0 ? Number(UNLIMITED) : hard };
}

function seccomp(profile: SeccompProfile): object {
  const operations = { equal: "SCMP_CMP_EQ", less: "SCMP_CMP_LT", masked: "SCMP_CMP_MASKED_EQ" };
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: profile.defaultErrno,
    architectures: process.arch === "arm64" ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"] : ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: profile.rules.filter(({ names }) => names.length > 0).map(({ names, action, conditions }) => ({
      names,
      ...(action === "allow" ? { action: "SCMP_ACT_ALLOW" } : { action: "SCMP_ACT_ERRNO", errnoRet: action.errno }),
      args: (conditions ?? []).map((condition) => condition.operation === "masked"
        ? { index: condition.index, op: operations.masked, value: Number(condition.mask), valueTwo: Number(condition.value) }
        : { index: condition.index, op: operations[condition.operation], value: Number(condition.value) }),
    })),
  };
}
