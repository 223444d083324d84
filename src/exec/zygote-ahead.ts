import { CAN_COPY, SandboxZygote } from "./sandbox-zygote.ts";

let ahead: SandboxZygote | undefined;

/**
 * Starts a zygote before it is known whether this process runs commands. It shares this process's mounts until it
 * copies itself, so that what is mounted meanwhile counts.
 */
export function startZygoteAhead(): void {
  if (CAN_COPY) ahead = new SandboxZygote();
}

/** The zygote that was started ahead, once. */
export function takeZygoteAhead(): SandboxZygote | undefined {
  const taken = ahead;
  ahead = undefined;
  return taken;
}
