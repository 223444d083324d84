import { closeSync, existsSync, openSync } from "node:fs";
import { joinSandbox, startInSandbox, type FurtherCommand, type Namespaces } from "../exec/join-sandbox.ts";
import type { RunOptions, RunResult } from "../exec/run-job.ts";
import { fault } from "../std/fault.ts";
import type { ContainerRecord } from "../store/container-record.ts";
import { startTime } from "../store/process-identity.ts";

export interface FurtherOptions extends RunOptions {
  /** Whether it goes on in the background; then the result is how it started. */
  readonly detach?: boolean;
}

/**
 * Runs a further command in a container that runs.
 * @throws CONTAINER_NOT_RUNNING, NOT_SUPPORTED, and what joinSandbox throws
 */
export async function joinContainer(
  record: ContainerRecord,
  command: Pick<FurtherCommand, "args" | "env" | "cwd" | "user" | "stdin" | "terminal">,
  { detach = false, ...options }: FurtherOptions = {},
): Promise<RunResult> {
  const { spec, running, name } = record;
  if (record.state === "paused") throw fault("CONTAINER_PAUSED", { container: name, problem: "is paused: unpause it before exec" });
  if (record.state !== "running" || running === undefined) throw fault("CONTAINER_NOT_RUNNING", { container: name });
  if (spec.runtime !== "builtin") throw fault("NOT_SUPPORTED", { feature: `exec in a container of the runtime ${spec.runtime}` });
  // Until it is the command, what joins has all rights, and would be the prey of whoever may trace it.
  if (spec.job.capabilities?.includes("CAP_SYS_PTRACE")) throw fault("NOT_SUPPORTED", { feature: "exec in a container that has the capability SYS_PTRACE" });
  const { capabilities, noNewPrivileges, ulimits } = spec.job;
  const whole: FurtherCommand = {
    ...command, cgroups: running.cgroups, first: running.pid,
    ...(capabilities ? { capabilities } : {}), ...(noNewPrivileges ? { noNewPrivileges } : {}), ...(ulimits ? { ulimits } : {}),
  };
  const namespaces = openNamespaces(running.pid);
  try {
    // The number may belong to another process by now; the one whose namespaces these are is looked at after they are open.
    if (namespaces === undefined || startTime(running.pid) !== running.started) throw fault("CONTAINER_NOT_RUNNING", { container: name });
    return await (detach ? startInSandbox(namespaces, whole) : joinSandbox(namespaces, whole, options));
  } finally {
    for (const fd of Object.values(namespaces ?? {})) closeSync(fd);
  }
}

function openNamespaces(pid: number): Namespaces | undefined {
  const opened: number[] = [];
  try {
    const open = (name: string): number => opened[opened.push(openSync(`/proc/${pid}/ns/${name}`, "r")) - 1]!;
    return { mnt: open("mnt"), ...(existsSync("/proc/self/ns/cgroup") ? { cgroup: open("cgroup") } : {}), pid: open("pid"), ipc: open("ipc"), uts: open("uts"), net: open("net") };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw error;
  }
}
