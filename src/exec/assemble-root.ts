import { statSync, writeFileSync } from "node:fs";
import {
  attach, bindOver, cloneMount, mount, MOUNT_ATTR, MS, newFileSystem, restrictMount,
} from "../linux/mount.ts";
import { replaceRoot } from "../linux/replace-root.ts";
import { joinCertificates, readHostBundle, showCertificates } from "./host-certificates.ts";
import { cloneDevices, fillDev } from "./make-dev.ts";
import { MASKED_PATHS, READONLY_PATHS } from "./masked-paths.ts";
import { EMULATOR_TARGET, registerEmulator } from "./emulation/register-emulator.ts";
import { mountRoot } from "./mount-root.ts";
import { demandKind, ensureTarget, spareKernel } from "./mount-stubs.ts";
import { pickCgroups } from "./pick-cgroups.ts";
import type { MountStub, SandboxJob } from "./sandbox-job.ts";
import { devInMemory, pickStepMount, type Picked } from "./step-mounts.ts";
import { tmpfsOptions } from "./tmpfs-options.ts";

const { RDONLY, NOSUID, NODEV, NOEXEC } = MOUNT_ATTR;

/**
 * Puts the container's root together and makes it the root of this mount namespace. What comes from the host is
 * picked up as detached mounts first and hung in after the old root is gone, so that no symlink of an image can
 * make a host path out of a target.
 * @returns the mount points that had to be made, and variables for the command that go with what is mounted.
 */
export function assembleRoot(job: SandboxJob): { stubs: MountStub[]; env: string[]; through?: string } {
  mount("sampan", job.staging, "tmpfs", MS.NOSUID | MS.NODEV, "mode=0700");
  const proc = newFileSystem("proc", {}, NOSUID | NODEV | NOEXEC);
  const sys = sysFileSystem(job.insecure ? 0 : RDONLY);
  const showCgroups = pickCgroups(job);
  const devices = cloneDevices(job.insecure);
  const hostBundle = job.certificates === undefined ? undefined : readHostBundle(job.certificates);
  const showHandlers = job.emulator && registerEmulator(job.emulator);
  // Where the kernel does not take it, the emulator lies in the container and is handed the command.
  const through = job.emulator && !showHandlers ? { source: job.emulator.path, target: EMULATOR_TARGET, readonly: true } : undefined;
  const mounts = [...job.mounts, ...(through ? [through] : [])].map(pickMount);
  process.chdir(job.staging);
  const own = [...job.files.map(pickFile), ...mounts, ...job.tmpfs.map(pickTmpfs)].sort(byDepth);
  const { memory, others } = devInMemory(job.stepMounts);
  const devRoot = memory && pickStepMount({ ...memory, readonly: false }, job.stepMounts.length).fd;
  // What a RUN mounts on /etc hides the files that this program puts there.
  const picked = [...own, ...others.map(pickStepMount).sort(byDepth)];
  mountRoot(job);
  process.chdir("root");
  // A command that runs /proc/self/exe gets this Node: its file is not writable from inside (CVE-2019-5736).
  replaceRoot();

  attach(proc, ensureTarget("/proc", "directory").path);
  showHandlers?.();
  const sysFolder = ensureTarget("/sys", "directory");
  attach(sys, sysFolder.path);
  showCgroups(`${sysFolder.path}/fs/cgroup`);
  const dev = ensureTarget("/dev", "directory");
  fillDev(dev.path, devices, { shmSize: job.shmSize, root: devRoot });
  // BuildKit leaves dev, proc and sys that it made, but takes one back that a mount of the job's own lies at or in.
  const stubs: MountStub[] = [dev, sysFolder].flatMap((made) => [...job.mounts, ...job.stepMounts].some(({ target }) => `${target}/`.startsWith(`${made.path}/`)) ? made.stubs : []);
  for (const [index, { fd, target, kind }] of picked.entries()) {
    const made = ensureTarget(target, kind);
    spareKernel(made.path, index >= own.length);
    stubs.push(...made.stubs);
    demandKind(made.path, kind);
    attach(fd, made.path);
  }
  if (!job.insecure) maskPaths();
  const certificates = hostBundle === undefined ? undefined : joinCertificates(hostBundle);
  if (certificates) showCertificates(certificates);
  // After all that puts something into it for a moment.
  if (memory?.readonly) restrictMount(dev.path, RDONLY);
  if (job.readonlyRoot) restrictMount("/", RDONLY);
  return { stubs, env: [...(certificates?.env ?? [])], ...(through ? { through: EMULATOR_TARGET } : {}) };
}

/** A sysfs of the own network namespace; in a user namespace that does not own the network, the host's. */
function sysFileSystem(access: number): number {
  try {
    return newFileSystem("sysfs", {}, access | NOSUID | NODEV | NOEXEC);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    const fd = cloneMount("/sys", { recursive: true });
    restrictMount(fd, access | NOSUID | NODEV | NOEXEC, { recursive: true });
    return fd;
  }
}

function pickFile({ target, content }: SandboxJob["files"][number], index: number): Picked {
  const name = `file${index}`;
  writeFileSync(name, content, { mode: 0o644 });
  const fd = cloneMount(name);
  restrictMount(fd, RDONLY | NOSUID | NODEV | NOEXEC);
  return { fd, target, kind: "file" };
}

function pickMount({ source, target, readonly }: SandboxJob["mounts"][number]): Picked {
  const kind = statSync(source).isDirectory() ? "directory" : "file";
  const recursive = kind === "directory";
  const fd = cloneMount(source, { recursive });
  restrictMount(fd, NODEV | NOSUID | (readonly ? RDONLY : 0), { recursive });
  return { fd, target, kind };
}

function pickTmpfs({ target, options }: SandboxJob["tmpfs"][number]): Picked {
  const read = tmpfsOptions(options ?? "");
  if ("unknown" in read) throw new Error(`invalid option ${JSON.stringify(read.unknown)} of the tmpfs ${target}`);
  return { fd: newFileSystem("tmpfs", read.settings, read.attributes), target, kind: "directory" };
}

/** Masks must hold even where /proc or /sys of the image are symlinks, so they follow the mounts. */
function maskPaths(): void {
  for (const path of MASKED_PATHS) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (stat.isDirectory()) mount("tmpfs", path, "tmpfs", MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC, "size=0k");
    else bindOver("/dev/null", path);
  }
  for (const path of READONLY_PATHS) {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue;
    const fd = cloneMount(path, { recursive: true });
    restrictMount(fd, RDONLY | NOSUID | NODEV | NOEXEC, { recursive: true });
    attach(fd, path);
  }
}

function byDepth(a: Picked, b: Picked): number {
  return depth(a.target) - depth(b.target);
}

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;
