import { readlinkSync, writeFileSync } from "node:fs";
import { bindOver } from "../linux/mount.ts";
import { leaveNamespaces } from "../linux/namespace.ts";
import { enterOwnNetwork } from "../linux/network.ts";
import { endAtOnce, setHostname } from "../linux/process.ts";
import { assembleFilter, encodeFilter } from "../linux/seccomp.ts";
import { newSession } from "../linux/terminal.ts";
import { assembleRoot } from "./assemble-root.ts";
import { becomeCommand } from "./become-command.ts";
import { withMissing } from "./container-user.ts";
import { ask, failure, openTerminal, readLine, report } from "./sandbox-channel.ts";
import type { SandboxJob } from "./sandbox-job.ts";
import { profileFor } from "./seccomp-profile.ts";

/** Says that this child is ready. The host's /proc is still in place, so the number is the one that the parent knows. */
export function reportReady(): void {
  report({ kind: "ready", pid: Number(readlinkSync("/proc/self")) });
}

/**
 * Waits for a job, builds the container around this process and becomes the command. The process is number 1 of its own
 * PID namespace, in its own mount, IPC and UTS namespaces, still with the host's root and all rights.
 * @param filter of Docker's default profile
 */
export function contain(filter: Uint8Array): never {
  const job = JSON.parse(readLine()) as SandboxJob;
  try {
    if (job.network !== "host") enterOwnNetwork();
    if (job.network === "wait") ask({ kind: "network" });
    // By now it has been moved into the cgroups that were made for it, which it sees as the roots of all from here on.
    if (!job.hostCgroups) leaveNamespaces(["cgroup"]);
    const { stubs, env, through } = assembleRoot(job);
    report({ kind: "stubs", stubs });
    newSession();
    if (job.terminal) openTerminal(showConsole);
    setHostname(job.hostname);
    const rules = job.insecure ? undefined : job.capabilities === undefined ? filter : encodeFilter(assembleFilter(profileFor(job.capabilities)));
    return becomeCommand({ ...job, env: withMissing(job.env, env) }, rules, { makeFolder: true, ...(through ? { through } : {}) });
  } catch (error) {
    report(failure(error));
    return endAtOnce(125);
  }
}

function showConsole(terminal: string): void {
  writeFileSync("/dev/console", "");
  bindOver(terminal, "/dev/console");
}
