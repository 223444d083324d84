import { chownSync, chmodSync, closeSync, fstatSync, mkdirSync, writeFileSync } from "node:fs";
import { attach, cloneMount, MOUNT_ATTR, newFileSystem, restrictMount } from "../linux/mount.ts";
import { openInRoot } from "../linux/open-in-root.ts";
import { mountOverlay } from "./mount-root.ts";
import type { StepMount } from "./run-job.ts";

const { RDONLY, NOSUID, NODEV } = MOUNT_ATTR;

/** Something to hang in at a path, as a mount that hangs nowhere yet. */
export interface Picked {
  readonly fd: number;
  readonly target: string;
  readonly kind: "file" | "directory";
}

type MemoryMount = Extract<StepMount, { readonly kind: "tmpfs" }>;

/** A tmpfs at /dev is no mount upon the container's devices: they are made in it, as OCI runtimes do it. The last one counts. */
export function devInMemory(mounts: readonly StepMount[]): { readonly memory: MemoryMount | undefined; readonly others: readonly StepMount[] } {
  const isMemory = (mount: StepMount): mount is MemoryMount => mount.kind === "tmpfs" && mount.target === "/dev";
  return { memory: mounts.findLast(isMemory), others: mounts.filter((mount) => !isMemory(mount)) };
}

/**
 * Makes the mount that a RUN asks for. The working directory is in memory and of this process alone: a secret is
 * written there, and nowhere else.
 * @param index tells the mounts of one job apart
 */
export function pickStepMount(mount: StepMount, index: number): Picked {
  switch (mount.kind) {
    case "tmpfs": {
      const fd = newFileSystem("tmpfs", mount.size > 0 ? { size: String(mount.size) } : {}, NOSUID | NODEV | (mount.readonly ? RDONLY : 0));
      return { fd, target: mount.target, kind: "directory" };
    }
    case "file": {
      const name = `secret${index}`;
      writeFileSync(name, Buffer.from(mount.content, "base64"), { mode: 0o600, flag: "wx" });
      showTo(name, mount);
      const fd = cloneMount(name);
      restrictMount(fd, RDONLY | NOSUID | NODEV);
      return { fd, target: mount.target, kind: "file" };
    }
    case "tree": {
      const folder = `tree${index}`;
      mkdirSync(folder);
      process.chdir(folder);
      try {
        mountOverlay("root", mount);
        return pickFrom("root", mount);
      } finally {
        process.chdir("..");
      }
    }
    case "host": return pickFrom(mount.source, mount);
  }
}

/** A mount in the working directory, for an OCI runtime to bind. */
export interface Placed {
  readonly source: string;
  readonly target: string;
  readonly kind: Picked["kind"];
  /** What the runtime is to be told once more: crun binds without the attributes of what it binds. */
  readonly options: readonly string[];
}

/** The same at a path of its own in the working directory. */
export function placeStepMount(mount: StepMount, index: number): Placed {
  const { fd, kind } = pickStepMount(mount, index);
  const source = `mount${index}`;
  if (kind === "directory") mkdirSync(source);
  else writeFileSync(source, "");
  attach(fd, source);
  const [inMemory, readonly] = [mount.kind === "tmpfs" || mount.kind === "file", mount.kind === "file" || mount.readonly];
  return { source, target: mount.target, kind, options: ["nodev", ...(inMemory ? ["nosuid"] : []), ...(readonly ? ["ro"] : [])] };
}

/** Files of images may have set-id bits, which count as in the root itself; devices do not. */
function pickFrom(root: string, { path, target, readonly }: { readonly path: string; readonly target: string; readonly readonly: boolean }): Picked {
  const place = openInRoot(root, path);
  const kind = fstatSync(place).isDirectory() ? "directory" : "file";
  const fd = cloneMount(place);
  closeSync(place);
  restrictMount(fd, NODEV | (readonly ? RDONLY : 0));
  return { fd, target, kind };
}

/** A user namespace that maps one id only has nobody else to show it to. */
function showTo(name: string, { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number }): void {
  try {
    chownSync(name, uid, gid);
  } catch (error) {
    if (!["EPERM", "EINVAL"].includes((error as NodeJS.ErrnoException).code!)) throw error;
  }
  chmodSync(name, mode & 0o7777);
}
