import { readdirSync, readlinkSync } from "node:fs";

/** The numbers, on this machine, of all processes in the PID namespace of a container's first one; none once it has ended. */
export function containerProcesses(first: number): number[] {
  const namespace = namespaceOf(String(first));
  if (namespace === undefined) return [];
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace).map(Number);
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // it has ended, or belongs to somebody else
  }
}
