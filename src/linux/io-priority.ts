import { callNumber } from "./call-number.ts";
import { libc } from "./libc.ts";

const IOPRIO_WHO_PROCESS = 1;

const ioprioGet = libc("long syscall(long number, long which, long who)");

/** ioprio_get(2): class and level by which a process reads and writes, in one number; of this process for 0. -1 where the kernel has none. */
export function ioPriority(pid: number): number {
  return Number(ioprioGet(callNumber("ioprio_get"), IOPRIO_WHO_PROCESS, pid));
}
