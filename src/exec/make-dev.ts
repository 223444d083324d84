import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { attach, cloneMount, mount, MOUNT_ATTR, MS, newFileSystem, restrictMount } from "../linux/mount.ts";

/** The devices that every container has. */
export const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];
/** What BuildKit shows to RUN --security=insecure besides, where the host has it. */
const INSECURE = ["cuse", "fuse", "kmsg", "kvm", "loop-control", ...Array.from({ length: 8 }, (_, index) => `loop${index}`), "net/tun"];
const LINKS: Readonly<Record<string, string>> = {
  fd: "/proc/self/fd",
  ptmx: "pts/ptmx",
  stderr: "/proc/self/fd/2",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
};

/** Picks up the devices that every container has, from the host: read-only, since their modes and owners are the host's. */
export function cloneDevices(insecure = false): Map<string, number> {
  const names = [...DEVICES, ...(insecure ? INSECURE.filter((name) => existsSync(`/dev/${name}`)) : [])];
  return new Map(names.map((name) => {
    const fd = cloneMount(`/dev/${name}`);
    restrictMount(fd, MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NOEXEC);
    return [name, fd];
  }));
}

/**
 * Mounts and fills the container's /dev (runtime-spec, config-linux.md, "Default Devices"; moby, oci/defaults.go).
 * @param options.root the file system in memory that a RUN asks for in place of the usual one
 */
export function fillDev(dev: string, devices: ReadonlyMap<string, number>, { shmSize = 64 * 1024 * 1024, root }: { shmSize?: number | undefined; root?: number | undefined } = {}): void {
  const closed = MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV;
  attach(root ?? newFileSystem("tmpfs", { mode: "755", size: "65536k" }, closed), dev);
  for (const [name, fd] of devices) {
    mkdirSync(dirname(`${dev}/${name}`), { recursive: true });
    writeFileSync(`${dev}/${name}`, "", { mode: 0o666 });
    attach(fd, `${dev}/${name}`);
  }
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, `${dev}/${name}`);
  if (existsSync("/proc/kcore")) symlinkSync("/proc/kcore", `${dev}/core`);
  for (const name of ["pts", "shm", "mqueue"]) mkdirSync(`${dev}/${name}`, 0o755);
  mountTerminals(`${dev}/pts`);
  attach(newFileSystem("tmpfs", { mode: "1777", size: String(shmSize) }, closed | MOUNT_ATTR.NOEXEC), `${dev}/shm`);
  mount("mqueue", `${dev}/mqueue`, "mqueue", MS.NOSUID | MS.NODEV | MS.NOEXEC);
}

function mountTerminals(path: string): void {
  const TTY_GROUP = "gid=5";
  const options = "newinstance,ptmxmode=0666,mode=0620";
  try {
    mount("devpts", path, "devpts", MS.NOSUID | MS.NOEXEC, `${options},${TTY_GROUP}`);
  } catch (error) {
    // A user namespace that maps one id only has no group 5.
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    mount("devpts", path, "devpts", MS.NOSUID | MS.NOEXEC, options);
  }
}
