import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** Why no file system can be mounted here, or false. */
export const noMounts: string | false = process.getuid!() === 0 && canMount() ? false : "needs root that may mount a tmpfs";

function canMount(): boolean {
  try {
    execFileSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A file system of its own, of that many bytes (`64m`), which goes with the test. */
export function smallDisk(context: TestContext, size: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sampan-test-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  context.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  return folder;
}

/** Leaves that many bytes free on the disk, by a file `filler`. */
export function leaveFree(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const filler = Buffer.alloc(Math.max(0, bavail * bsize - bytes));
  writeFileSync(join(folder, "filler"), filler);
}

/** Leaves nothing free on the disk: what is taken goes to the file `filler`. */
export function fillUp(folder: string): void {
  for (let size = 1 << 20; size >= 4096; size /= 2) {
    try {
      for (;;) writeFileSync(join(folder, "filler"), Buffer.alloc(size), { flag: "a" });
    } catch {
      // Try with less.
    }
  }
  assert.equal(statfsSync(folder).bavail, 0);
}
