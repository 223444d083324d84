import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { attach, cloneMount, mount, MOUNT_ATTR, MS, restrictMount } from "../linux/mount.ts";
import type { SandboxJob } from "./sandbox-job.ts";

/** The overlay, or the folder, at `root` in the working directory. Device nodes in it cannot be opened. */
export function mountRoot({ root }: Pick<SandboxJob, "root">): void {
  mkdirSync("root");
  if (root.kind === "folder") {
    const fd = cloneMount(root.path, { recursive: true });
    restrictMount(fd, MOUNT_ATTR.NODEV, { recursive: true });
    attach(fd, "root");
    return;
  }
  // Symlinks of one or two letters keep the options of 500 layers below the limit of one page, and names with
  // commas and colons out of them. `volatile`: nothing waits for the disk, fsync(2) neither; the store decides what to sync.
  root.lowers.forEach((lower, index) => symlinkSync(lower, index.toString(36)));
  symlinkSync(root.upper, "upper");
  symlinkSync(root.work, "work");
  const lowers = root.lowers.map((_, index) => index.toString(36));
  if (lowers.length === 0) {
    mkdirSync("none");
    lowers.push("none");
  }
  // The mark of an earlier volatile mount of the same folders.
  rmSync("work/work/incompat", { recursive: true, force: true });
  const layers = `lowerdir=${lowers.join(":")},upperdir=upper,workdir=work`;
  mount("overlay", "root", "overlay", MS.NODEV, `${layers},userxattr,index=off${root.lasting ? "" : ",volatile"}`);
}
