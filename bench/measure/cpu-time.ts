import { readFileSync } from "node:fs";

/** USER_HZ: what the kernel counts in towards programs, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of user and system time of all children of this process that have ended, and of theirs (proc(5), stat). */
export function cpuOfReapedChildren(): number {
  const [, , childUser, childSystem] = times("self")!;
  return (childUser! + childSystem!) / TICKS_PER_SECOND;
}

/** Seconds of a living process and of its children that have ended; 0 where there is no such process. */
export function cpuOfProcess(pid: number): number {
  return (times(String(pid)) ?? []).reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** utime, stime, cutime, cstime. */
function times(process: string): number[] | undefined {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 15).map(Number);
  } catch {
    return undefined;
  }
}
