import { existsSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Removes cgroups that nothing is in any more; best effort.
 * @param options.patience milliseconds to wait for what still dies in them
 */
export function removeCgroups(folders: readonly string[], { patience = 0 } = {}): void {
  const until = Date.now() + patience;
  for (const folder of folders) {
    while (!removeCgroup(folder) && Date.now() < until) Atomics.wait(NEVER, 0, 0, PAUSE);
  }
}

/** @returns whether there is no more to be done */
function removeCgroup(folder: string): boolean {
  try {
    // What was killed while it stood still has still to end.
    if (freezeFile(folder) !== undefined) setFrozen(folder, false);
    // What an OCI runtime made inside stays when the runtime is killed.
    for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) rmdirSync(join(folder, entry.name));
    rmdirSync(folder);
    return true;
  } catch (error) {
    // Otherwise it is gone already, or not ours: an empty cgroup costs next to nothing.
    return (error as NodeJS.ErrnoException).code !== "EBUSY";
  }
}

/** Milliseconds. */
const PAUSE = 5;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Lets everything in a cgroup stand still, or go on. */
export function setFrozen(folder: string, frozen: boolean): void {
  const file = freezeFile(folder)!;
  writeFileSync(file, file.endsWith(".freeze") ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED");
}

/** The file by which that is done, where the cgroup has one. */
export function freezeFile(folder: string): string | undefined {
  return [join(folder, "cgroup.freeze"), join(folder, "freezer.state")].find((file) => existsSync(file));
}
