import { closeSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { attach, cloneMount, MOUNT_ATTR, newFileSystem, restrictMount } from "../linux/mount.ts";
import type { SandboxJob } from "./sandbox-job.ts";

const { RDONLY, NOSUID, NODEV, NOEXEC } = MOUNT_ATTR;
const CLOSED = NOSUID | NODEV | NOEXEC;
const HOST = "/sys/fs/cgroup";

/**
 * Picks up what a container sees as /sys/fs/cgroup, where runtimes of languages read what memory and processors it has: as
 * with runc, the cgroups of its own cgroup namespace, read-only; of version 1, those that were made for it. A cgroup that is
 * the machine's own root says nothing of the container, so it is not shown.
 * @returns what hangs it in at that place, when a sysfs is there
 */
export function pickCgroups({ cgroups, hostCgroups = false, insecure = false }: Pick<SandboxJob, "cgroups" | "hostCgroups" | "insecure">): (target: string) => void {
  if (!existsSync(`${HOST}/cgroup.controllers`)) {
    const hierarchies = cgroups.map(pickHierarchy);
    return (target) => (hierarchies.length === 0 ? cover(target) : showHierarchies(target, hierarchies));
  }
  const unified = pickUnified(cgroups, hostCgroups, insecure);
  return (target) => (unified === undefined ? cover(target) : attach(unified, target));
}

/** The root of the cgroup namespace; a new mount in the machine's own would change the options of all others. */
function pickUnified(cgroups: readonly string[], hostCgroups: boolean, insecure: boolean): number | undefined {
  const access = insecure ? 0 : RDONLY;
  if (hostCgroups) return cloneClosed(HOST, access);
  let fd: number;
  try {
    fd = newFileSystem("cgroup2", {}, access | CLOSED);
  } catch {
    // Some security modules and older kernels do not let a user namespace have it.
    return cgroups[0] === undefined ? undefined : cloneClosed(cgroups[0], access);
  }
  if (insecure || existsSync(`/proc/self/fd/${fd}/cgroup.type`)) return fd;
  closeSync(fd);
  return undefined;
}

interface Hierarchy {
  /** `memory`, or `cpu,cpuacct` where these go together. */
  readonly name: string;
  readonly fd: number;
}

function pickHierarchy(folder: string): Hierarchy {
  return { name: realpathSync(folder).slice(HOST.length + 1).split("/")[0]!, fd: cloneClosed(folder, RDONLY) };
}

function showHierarchies(target: string, hierarchies: readonly Hierarchy[]): void {
  attach(newFileSystem("tmpfs", { mode: "755" }, CLOSED), target);
  for (const { name, fd } of hierarchies) {
    mkdirSync(join(target, name));
    attach(fd, join(target, name));
    if (name.includes(",")) for (const controller of name.split(",")) symlinkSync(name, join(target, controller));
  }
  restrictMount(target, RDONLY);
}

function cloneClosed(folder: string, access: number): number {
  const fd = cloneMount(folder, { recursive: true });
  restrictMount(fd, access | CLOSED, { recursive: true });
  return fd;
}

/** Hides the host's cgroups where its sysfs has to serve as the container's. */
function cover(target: string): void {
  if (!existsSync(target) || readdirSync(target).length === 0) return;
  attach(newFileSystem("tmpfs", { mode: "755" }, RDONLY | CLOSED), target);
}
