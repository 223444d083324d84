import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fault, isFault } from "../../../std/fault.ts";

/**
 * Claims a part of a registry folder for this process: `lock` for the one server that it may have, because the server remembers
 * uploads and files; `collector.lock` for who removes blobs. The claim names the process by id and start time; one that a
 * dead process left is taken over.
 * @returns how to give the claim up
 * @throws SERVER_ROOT_BUSY, SERVER_UPKEEP_BUSY
 */
export function lockRoot(root: string, name: "lock" | "collector.lock" = "lock"): () => void {
  const path = join(root, name);
  const claim = JSON.stringify({ pid: process.pid, started: startTime(process.pid) });
  for (let attempt = 0; ; attempt += 1) {
    try {
      writeFileSync(path, claim, { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt === 3) throw error;
    }
    const holder = readHolder(path);
    if (holder && startTime(holder.pid) === holder.started) throw fault(name === "lock" ? "SERVER_ROOT_BUSY" : "SERVER_UPKEEP_BUSY", { root, pid: holder.pid });
    rmSync(path, { force: true });
  }
}

/** Does what only one process may do at a time that looks after the folder; undefined when another one is at it. */
export async function unlessKept<Result>(root: string, work: () => Promise<Result>): Promise<Result | undefined> {
  let unlock: () => void;
  try {
    unlock = lockRoot(root, "collector.lock");
  } catch (error) {
    if (isFault(error, "SERVER_UPKEEP_BUSY")) return undefined;
    throw error;
  }
  try {
    return await work();
  } finally {
    unlock();
  }
}

/** Whether a server runs on the folder, and whether one did until it was killed. */
export function serverOf(root: string): "runs" | "was killed" | "none" {
  const path = join(root, "lock");
  const holder = readHolder(path);
  if (holder && startTime(holder.pid) === holder.started) return "runs";
  return existsSync(path) ? "was killed" : "none";
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
