import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary folder for everything that the bench makes; it goes with all that is mounted in it. */
export interface Workspace extends AsyncDisposable {
  readonly root: string;
  /** A new folder below the root. */
  folder(name: string): string;
}

export function createWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), "sampan-bench-"));
  return {
    root,
    folder: (name) => {
      const path = join(root, name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    [Symbol.asyncDispose]: async () => removeWithMounts(root),
  };
}

/** Removes a folder in which daemons may have left mounts. */
function removeWithMounts(folder: string): void {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n").map((line) => line.split(" ")[1] ?? "").filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) spawnSync("umount", ["-l", path]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
