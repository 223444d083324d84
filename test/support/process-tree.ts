import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process, told apart from a later one of the same number. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly started: string;
  readonly command: string;
}

/** All processes below one, at any depth. */
export function descendantsOf(pid: number): RunningProcess[] {
  const all = allProcesses();
  const found: RunningProcess[] = [];
  for (const parents = [pid]; parents.length > 0;) {
    const parent = parents.pop()!;
    for (const child of all) {
      if (child.parent !== parent) continue;
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}

/** Processes that have a text in their arguments, this one excepted. */
export function processesWith(marker: string): RunningProcess[] {
  return allProcesses().filter(({ pid, command }) => pid !== process.pid && command.includes(marker));
}

/** Which of the processes still run; one that ended and was not waited for is no running one. */
export function stillRunning(processes: readonly RunningProcess[]): RunningProcess[] {
  const now = new Map(allProcesses().map((each) => [each.pid, each.started]));
  return processes.filter(({ pid, started }) => now.get(pid) === started);
}

/** Waits until a condition holds; gives up when the signal says so, or after a minute, in which a stuck test would otherwise never end. */
export async function until<Value>(condition: () => Value | undefined | false, signal?: AbortSignal): Promise<Value> {
  const end = Date.now() + 60_000;
  for (;;) {
    signal?.throwIfAborted();
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`waited for a minute in vain: ${condition}`);
    await sleep(5);
  }
}

function allProcesses(): RunningProcess[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z" || fields[0] === "X") return [];
      return [{ pid: Number(name), parent: Number(fields[1]), started: fields[19]!, command: readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ") }];
    } catch {
      return [];
    }
  });
}
