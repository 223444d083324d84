// What a sandbox child runs: process 1 of its own PID namespace, in its own mount, IPC and UTS namespaces, still
// with the host's root and all rights. It waits for a job, builds the container around itself and becomes the
// command. It imports as little as possible, since every build waits for its start.
import { readlinkSync, writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { bindDeclared } from "../linux/libc.ts";
import { bindOver } from "../linux/mount.ts";
import { enterOwnNetwork } from "../linux/network.ts";
import { endAtOnce, setHostname } from "../linux/process.ts";
import { assembleFilter } from "../linux/seccomp.ts";
import { newSession } from "../linux/terminal.ts";
import { assembleRoot } from "./assemble-root.ts";
import { becomeCommand } from "./become-command.ts";
import { withMissing } from "./container-user.ts";
import { ask, failure, openTerminal, readLine, report } from "./sandbox-channel.ts";
import type { SandboxJob } from "./sandbox-job.ts";
import { DEFAULT_PROFILE, profileFor } from "./seccomp-profile.ts";

// The host's /proc is still in place here, so this is the number that the parent knows.
report({ kind: "ready", pid: Number(readlinkSync("/proc/self")) });
const filter = assembleFilter(DEFAULT_PROFILE);
bindDeclared();
flushCompileCache();
process.umask(0o022);
const job = JSON.parse(readLine()) as SandboxJob;
try {
  if (job.network !== "host") enterOwnNetwork();
  if (job.network === "wait") ask({ kind: "network" });
  const { stubs, env } = assembleRoot(job);
  report({ kind: "stubs", stubs });
  newSession();
  if (job.terminal) openTerminal(showConsole);
  setHostname(job.hostname);
  const rules = job.capabilities === undefined ? filter : assembleFilter(profileFor(job.capabilities));
  becomeCommand({ ...job, env: withMissing(job.env, env) }, rules, { makeFolder: true });
} catch (error) {
  report(failure(error));
  endAtOnce(125);
}

function showConsole(terminal: string): void {
  writeFileSync("/dev/console", "");
  bindOver(terminal, "/dev/console");
}
