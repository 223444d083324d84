import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { mount, MS } from "../linux/mount.ts";

/**
 * Shows a stack of layer folders, top first, merged and read-only at a path: overlayfs without an upper layer. Set-uid files and
 * devices in it do nothing.
 * @param scratch a folder that does not exist yet, used meanwhile
 * @throws an error with `code`, EPERM where this process may not mount
 */
export function mountView(lowers: readonly string[], target: string, scratch: string): void {
  const before = process.cwd();
  mkdirSync(scratch, { mode: 0o700 });
  try {
    process.chdir(scratch);
    // Short symlinks keep the options of many layers below the limit of one page, and commas and colons out of them.
    lowers.forEach((lower, index) => symlinkSync(lower, index.toString(36)));
    const names = lowers.map((_, index) => index.toString(36));
    // overlayfs wants two layers at least.
    for (const empty of ["empty-1", "empty-2"].slice(0, Math.max(0, 2 - names.length))) {
      mkdirSync(empty);
      names.push(empty);
    }
    mount("overlay", target, "overlay", MS.RDONLY | MS.NOSUID | MS.NODEV, `lowerdir=${names.join(":")},userxattr`);
  } finally {
    process.chdir(before);
    rmSync(scratch, { recursive: true, force: true });
  }
}
