import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { attach, cloneMount, mount, MOUNT_ATTR, MS, restrictMount } from "../linux/mount.ts";
import type { SandboxJob } from "./sandbox-job.ts";

/** Layers of the host to show as one folder; without an upper one nothing can be written. */
export interface OverlayLayers {
  /** Top first. */
  readonly lowers: readonly string[];
  readonly upper?: string | undefined;
  readonly work?: string | undefined;
  readonly lasting?: boolean;
}

/** The overlay, or the folder, at `root` in the working directory. Device nodes in it cannot be opened. */
export function mountRoot({ root }: Pick<SandboxJob, "root">): void {
  if (root.kind === "overlay") return mountOverlay("root", root);
  mkdirSync("root");
  const fd = cloneMount(root.path, { recursive: true });
  restrictMount(fd, MOUNT_ATTR.NODEV, { recursive: true });
  attach(fd, "root");
}

/** Makes a folder in the working directory, which needs to have nothing else in it, and shows the layers there. */
export function mountOverlay(folder: string, { lowers: layers, upper, work, lasting }: OverlayLayers): void {
  mkdirSync(folder);
  // Symlinks of one or two letters keep the options of 500 layers below the limit of one page, and names with
  // commas and colons out of them. `volatile`: nothing waits for the disk, fsync(2) neither; the store decides what to sync.
  layers.forEach((lower, index) => symlinkSync(lower, index.toString(36)));
  const lowers = layers.map((_, index) => index.toString(36));
  // Without an upper layer there have to be two lower ones.
  while (lowers.length < (upper === undefined ? 2 : 1)) {
    const name = `none${lowers.length}`;
    mkdirSync(name);
    lowers.push(name);
  }
  let options = `lowerdir=${lowers.join(":")}`;
  if (upper !== undefined) {
    symlinkSync(upper, "upper");
    symlinkSync(work!, "work");
    // The mark of an earlier volatile mount of the same folders.
    rmSync("work/work/incompat", { recursive: true, force: true });
    options += `,upperdir=upper,workdir=work${lasting ? "" : ",volatile"}`;
  }
  try {
    mount("overlay", folder, "overlay", MS.NODEV, `${options},userxattr,index=off`);
  } catch (error) {
    // All that the kernel says of an upper folder on FUSE, NFS or another overlay.
    if (upper !== undefined && (error as NodeJS.ErrnoException).code === "EINVAL") Object.assign(error as Error, { syscall: "overlay" });
    throw error;
  }
}
