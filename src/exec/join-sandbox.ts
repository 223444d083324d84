import { spawn } from "node:child_process";
import { closeSync, fstatSync, statSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { followIntoCgroups, joinCgroups } from "../linux/cgroup.ts";
import { createPipe } from "../linux/pipe.ts";
import { entryUrl } from "../std/sources.ts";
import { followSandbox } from "./follow-sandbox.ts";
import { BOUND, launchWords } from "./launch-words.ts";
import type { RunJob, RunOptions, RunResult } from "./run-job.ts";
import { runResult } from "./run-result.ts";
import { Sandbox } from "./sandbox.ts";
import { childEnvironment, sandboxStreams } from "./spawn-sandbox.ts";
import { startedProcess } from "./started-process.ts";

/** Descriptors of a container's namespaces; a kernel that knows of no cgroups has none of theirs. */
export type Namespaces = Readonly<Record<"mnt" | "pid" | "ipc" | "uts" | "net", number> & { cgroup?: number }>;

/** A further command in a container; what is not said is as for the container's own. */
export interface FurtherCommand extends Pick<RunJob, "args" | "env" | "cwd" | "user" | "stdin" | "terminal" | "capabilities" | "noNewPrivileges" | "ulimits" | "cgroups"> {
  /** The container's first process. Where that is in further cgroups, of whoever started it, they are this command's too. */
  readonly first: number;
}

/**
 * Runs a further command in a container, with the confinement of its first one. It ends with the container, and with this process.
 * @throws SANDBOX_FAILED, SANDBOX_TOOL_MISSING, USER_NOT_FOUND, USER_NOT_MAPPED, LIMITS_IMPOSSIBLE
 */
export async function joinSandbox(namespaces: Namespaces, command: FurtherCommand, options: RunOptions = {}): Promise<RunResult> {
  const plain = command.stdin === "null" || command.terminal;
  const sandbox = spawnJoined(namespaces, plain ? "null" : "pipe");
  await begin(sandbox, command);
  const end = await followSandbox(sandbox, command, options, (answers) => {
    sandbox.begin({ ...jobOf(command), ownDescriptors: plain && !command.terminal ? [1, 2] : [0, 1, 2] }, answers);
    options.onStart?.({ pid: sandbox.pid!, kill: (signal) => sandbox.kill(typeof signal === "number" ? signal : constants.signals[signal]) });
  });
  return runResult(end);
}

/**
 * Starts a further command that lives on when this process has ended; what it says is lost. Resolves when it runs, or
 * with how it failed to.
 */
export async function startInSandbox(namespaces: Namespaces, command: FurtherCommand): Promise<RunResult> {
  const sandbox = spawnJoined(namespaces, "nothing");
  await begin(sandbox, command);
  const executed = Promise.withResolvers<RunResult>();
  const ended = followSandbox(sandbox, { stdin: "null", terminal: false }, { onExecuted: () => executed.resolve({ exitCode: 0 }) }, (answers) => {
    sandbox.begin({ ...jobOf(command), terminal: false, ownDescriptors: [] }, answers);
  });
  return await Promise.race([executed.promise, ended.then(runResult)]);
}

async function begin(sandbox: Sandbox, { cgroups = [], first }: FurtherCommand): Promise<void> {
  sandbox.claim();
  try {
    await sandbox.ready;
    joinCgroups(cgroups, sandbox.pid!);
    followIntoCgroups(sandbox.pid!, first);
  } catch (error) {
    sandbox.destroy();
    throw error;
  }
}

function jobOf({ args, env, cwd, user, terminal, capabilities, noNewPrivileges, ulimits }: FurtherCommand) {
  return {
    args, env, cwd, user, terminal, announce: true,
    ...(capabilities ? { capabilities } : {}), ...(noNewPrivileges ? { noNewPrivileges } : {}), ...(ulimits ? { ulimits } : {}),
  };
}

/** @param stdio `nothing`: the child has no streams and does not end with this process */
function spawnJoined({ mnt, cgroup, pid, ipc, uts, net }: Namespaces, stdio: "null" | "pipe" | "nothing"): Sandbox {
  const entry = fileURLToPath(entryUrl("exec/join-entry.ts"));
  const input = stdio === "pipe" ? createPipe() : undefined;
  const [output, errors] = [createPipe(), createPipe()];
  const bound = stdio === "nothing" ? [] : BOUND;
  // The child's descriptors: 3 to talk to it, 4 and 5 the mounts and cgroups, which it enters itself, then what nsenter enters.
  const [program, ...args] = launchWords([
    ...bound, "nsenter", "--pid=/proc/self/fd/6", "--ipc=/proc/self/fd/7", "--uts=/proc/self/fd/8", ...(isOurNetwork(net) ? [] : ["--net=/proc/self/fd/9"]), "--",
    "unshare", "--mount", "--propagation", "private", "--", ...bound, process.execPath, "--no-warnings", entry,
  ], { descriptors: 6 });
  const child = spawn(program, args, {
    stdio: [input?.read ?? "ignore", stdio === "nothing" ? "ignore" : output.write, stdio === "nothing" ? "ignore" : errors.write, "pipe", mnt, cgroup ?? "ignore", pid, ipc, uts, net],
    env: childEnvironment(), cwd: "/", detached: true,
  });
  for (const fd of [input?.read, output.write, errors.write]) if (fd !== undefined) closeSync(fd);
  return new Sandbox(startedProcess(child), sandboxStreams(input, output, errors));
}

/** The machine's network cannot be entered by an ordinary user's root; a container that has it is in there already. */
function isOurNetwork(net: number): boolean {
  const [theirs, ours] = [fstatSync(net), statSync("/proc/self/ns/net")];
  return theirs.dev === ours.dev && theirs.ino === ours.ino;
}
