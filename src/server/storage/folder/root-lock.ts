import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { tryLock } from "../../../linux/lock-file.ts";
import { fault } from "../../../std/fault.ts";
import type { LockName } from "../locks.ts";

/** How often a claim is tried that somebody holds who may only be looking, and the pause before the next time in milliseconds. */
const ATTEMPTS = 5;
const PAUSE = 10;

/**
 * Claims a part of a registry folder for this process: `lock` for the one server that it may have, because the server remembers
 * uploads and files; `collector.lock` for who removes blobs. The claim is the lock of a file, which the kernel gives up with the
 * process and which counts for containers too that share nothing but the folder. The file names the process; where files
 * cannot be locked, that it still runs is what counts.
 * @returns how to give the claim up
 * @throws SERVER_ROOT_BUSY, SERVER_UPKEEP_BUSY, SERVER_ROOT_UNUSABLE
 */
export function lockRoot(root: string, name: "lock" | `${LockName}.lock` = "lock"): () => void {
  const path = join(root, name);
  for (let attempt = 1; ; attempt += 1) {
    const fd = claim(path);
    if (fd !== undefined) {
      return () => {
        rmSync(path, { force: true });
        closeSync(fd);
      };
    }
    if (attempt === ATTEMPTS) throw fault(name === "lock" ? "SERVER_ROOT_BUSY" : "SERVER_UPKEEP_BUSY", { root, pid: readHolder(path)?.pid ?? 0 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
  }
}

/** The file, opened and locked, with this process's name in it; undefined where another one has it. */
function claim(path: string): number | undefined {
  const fd = openLock(path);
  // A file that its holder has removed meanwhile is nobody's.
  if (!isFree(fd) || isAlive(readHolder(path)) || fstatSync(fd).ino !== statSync(path, { throwIfNoEntry: false })?.ino) {
    closeSync(fd);
    return undefined;
  }
  ftruncateSync(fd, 0);
  writeSync(fd, JSON.stringify({ pid: process.pid, started: startTime(process.pid) }), 0);
  return fd;
}

/** @throws SERVER_ROOT_UNUSABLE where nothing can be written */
function openLock(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EROFS" && code !== "EACCES" && code !== "EPERM") throw cause;
    const problem = `${code === "EROFS" ? "its file system is read-only" : "this user may not write to it"}, and whoever opens a registry locks it`;
    const hint = "name a folder that this user may write to; of a backup that is read-only, make a copy first (cp -a), which is a backup too";
    throw fault("SERVER_ROOT_UNUSABLE", { root: dirname(path), problem, hint }, { cause });
  }
}

/** Takes the lock of the file, where there are locks. */
function isFree(fd: number): boolean {
  try {
    return tryLock(fd);
  } catch {
    return true;
  }
}

/** Whether a server runs on the folder, and whether one did until it was killed. */
export function serverOf(root: string): "runs" | "was killed" | "none" {
  let fd: number;
  try {
    fd = openSync(join(root, "lock"), "r");
  } catch {
    return "none"; // whoever opens the folder says what is wrong with it
  }
  try {
    return isFree(fd) && !isAlive(readHolder(join(root, "lock"))) ? "was killed" : "runs";
  } finally {
    closeSync(fd);
  }
}

function isAlive(holder: { pid: number; started: string } | undefined): boolean {
  return holder !== undefined && startTime(holder.pid) === holder.started;
}

function readHolder(path: string): { pid: number; started: string } | undefined {
  try {
    const value = JSON.parse(readFileSync(path, "utf8")) as { pid?: unknown; started?: unknown };
    return typeof value.pid === "number" && typeof value.started === "string" ? { pid: value.pid, started: value.started } : undefined;
  } catch {
    return undefined; // gone meanwhile, or cut off by a crash
  }
}

/** Boot id and start time in clock ticks (proc(5), field 22): a process id alone is used again. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}
