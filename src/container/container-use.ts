import { readdirSync, readFileSync, statSync } from "node:fs";
import { totalmem } from "node:os";
import type { ContainerRecord } from "../store/container-record.ts";
import { containerProcesses } from "./container-processes.ts";

/** What a container uses at a moment; bytes, and seconds of processors. */
export interface ContainerUse {
  readonly at: number;
  readonly seconds: number;
  readonly memory: number;
  readonly memoryLimit: number;
  /** None where it has the network of the machine. */
  readonly network: { readonly received: number; readonly sent: number };
  readonly blocks: { readonly read: number; readonly written: number };
  readonly processes: number;
}

/** Clock ticks of a second in /proc, on every architecture that Linux has in use. */
const TICKS = 100;

/**
 * Measures what the processes of a container use, by /proc, since most containers have no cgroups of their own: memory that processes
 * share counts for each by its share. What processes that have ended used counts where their parents have waited for them.
 */
export function measureContainer({ running, spec }: ContainerRecord): ContainerUse {
  const pids = running === undefined ? [] : containerProcesses(running.pid);
  const use = { seconds: 0, memory: 0, read: 0, written: 0 };
  for (const pid of pids) {
    const text = readText(`/proc/${pid}/stat`);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
    use.seconds += [11, 12, 13, 14].reduce((sum, field) => sum + (fields[field] || 0), 0) / TICKS;
    use.memory += number(/^Pss:\s+(\d+)/m, readText(`/proc/${pid}/smaps_rollup`)) * 1024;
    const blocks = readText(`/proc/${pid}/io`);
    use.read += number(/^read_bytes: (\d+)/m, blocks);
    use.written += number(/^write_bytes: (\d+)/m, blocks);
  }
  const { seconds, memory, read, written } = use;
  return {
    at: performance.now(), seconds, memory, memoryLimit: Math.min(spec.limits.memory ?? Infinity, totalmem()),
    network: running === undefined ? { received: 0, sent: 0 } : networkUse(running.pid), blocks: { read, written }, processes: pids.reduce((sum, pid) => sum + threads(pid), 0),
  };
}

function networkUse(pid: number): ContainerUse["network"] {
  try {
    if (statSync(`/proc/${pid}/ns/net`).ino === statSync("/proc/self/ns/net").ino) return { received: 0, sent: 0 };
  } catch {
    return { received: 0, sent: 0 };
  }
  const devices = [...readText(`/proc/${pid}/net/dev`).matchAll(/^\s*([^:\s]+):\s*(.+)$/gm)].filter(([, name]) => name !== "lo").map(([, , rest]) => rest!.trim().split(/\s+/).map(Number));
  return { received: devices.reduce((sum, fields) => sum + (fields[0] ?? 0), 0), sent: devices.reduce((sum, fields) => sum + (fields[8] ?? 0), 0) };
}

/** docker's PIDS counts threads too. */
function threads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return 0;
  }
}

function number(pattern: RegExp, text: string): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended
  }
}
