import { readFileSync, readlinkSync } from "node:fs";

/** What tells one process from every other of this machine, also after its pid was given to another one. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks after boot (proc_pid_stat(5)). */
  readonly started: string;
  /** /proc/sys/kernel/random/boot_id */
  readonly boot: string;
  /** The PID namespace that `pid` is counted in, `pid:[4026531836]`. */
  readonly namespace: string;
}

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= {
    pid: process.pid,
    started: startOf("self")?.started ?? "",
    boot: readText("/proc/sys/kernel/random/boot_id").trim(),
    namespace: namespaceOf(),
  };
  return own;
}

/**
 * Whether the process still lives. One of another PID namespace (a container that shares the store)
 * cannot be looked at from here: it counts as living until the machine boots again.
 */
export function isAlive(identity: ProcessIdentity, self: ProcessIdentity = ownIdentity()): boolean {
  if (identity.boot !== self.boot) return false;
  if (identity.namespace !== self.namespace) return true;
  const found = startOf(String(identity.pid));
  if (found !== undefined) return found.started === identity.started && found.state !== "Z" && found.state !== "X";
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    // With /proc mounted hidepid=2, others' processes are only known by EPERM.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a living process was started, in clock ticks after boot; undefined where there is none of that number. */
export function startTime(pid: number): string | undefined {
  return startOf(String(pid))?.started;
}

function startOf(pid: string): { started: string; state: string } | undefined {
  const text = readText(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold anything, so count from the last one.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.length < 20 ? undefined : { state: fields[0]!, started: fields[19]! };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function namespaceOf(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
