import { existsSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Removes cgroups that nothing is in any more; best effort. */
export function removeCgroups(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      // What was killed while it stood still has still to end.
      if (freezeFile(folder) !== undefined) setFrozen(folder, false);
      // What an OCI runtime made inside stays when the runtime is killed.
      for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) rmdirSync(join(folder, entry.name));
      rmdirSync(folder);
    } catch {
      // It is gone already, or something still dies in it: an empty cgroup costs next to nothing.
    }
  }
}

/** Lets everything in a cgroup stand still, or go on. */
export function setFrozen(folder: string, frozen: boolean): void {
  const file = freezeFile(folder)!;
  writeFileSync(file, file.endsWith(".freeze") ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED");
}

/** The file by which that is done, where the cgroup has one. */
export function freezeFile(folder: string): string | undefined {
  return [join(folder, "cgroup.freeze"), join(folder, "freezer.state")].find((file) => existsSync(file));
}
