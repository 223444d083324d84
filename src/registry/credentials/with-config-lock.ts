import { closeSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fault } from "../../std/fault.ts";
import { makeFolder } from "../../std/make-folder.ts";
import { configTarget } from "./save-config.ts";

/** Milliseconds to wait for others, who only read and write a small file meanwhile. */
const PATIENCE = 30_000;
const PAUSE = 10;

/**
 * Runs work that reads and replaces docker's config.json while no other Sampan does, so that none of two logins is lost. The lock is
 * that of the folder, because the file is another one after each change. Where a folder cannot be locked, as on some network file
 * systems, the work is done all the same.
 * @throws LOGIN_NOT_SAVED
 */
export async function withConfigLock<Result>(file: string, work: () => Result): Promise<Result> {
  const folder = openFolder(file);
  if (folder === undefined) return work();
  try {
    const { tryLock } = await import("../../linux/lock-file.ts");
    for (const start = Date.now(); !attempt(() => tryLock(folder)); await pause(PAUSE)) {
      if (Date.now() - start > PATIENCE) throw fault("LOGIN_NOT_SAVED", { file, reason: "another process keeps its folder locked" });
    }
    return work();
  } finally {
    closeSync(folder);
  }
}

/** Undefined where that fails: whoever writes then says why. */
function openFolder(file: string): number | undefined {
  try {
    makeFolder(dirname(file), { mode: 0o700 });
    return openSync(dirname(configTarget(file)), "r");
  } catch {
    return undefined;
  }
}

/** Whether there is nothing to wait for: the lock is ours, or there are no locks here. */
function attempt(lock: () => boolean): boolean {
  try {
    return lock();
  } catch {
    return true;
  }
}
