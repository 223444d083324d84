// What a sandbox child runs: process 1 of its own PID namespace, in its own mount, IPC and UTS namespaces, still
// with the host's root and all rights. It waits for a job on descriptor 3, builds the container around itself and
// becomes the command. It imports as little as possible, since every build waits for its start.
import { closeSync, readlinkSync, readSync, writeFileSync, writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { bindDeclared } from "../linux/libc.ts";
import { assembleFilter } from "../linux/seccomp.ts";
import { bindOver } from "../linux/mount.ts";
import { enterOwnNetwork } from "../linux/network.ts";
import { endAtOnce } from "../linux/process.ts";
import { createTerminal, newSession, standOnTerminal } from "../linux/terminal.ts";
import { assembleRoot } from "./assemble-root.ts";
import { becomeCommand, CommandNotStarted } from "./become-command.ts";
import type { SandboxJob, SandboxReport } from "./sandbox-job.ts";
import { DEFAULT_PROFILE } from "./seccomp-profile.ts";
import { UserNotFound, UserNotMapped } from "./user.ts";

const CHANNEL = 3;

function report(message: SandboxReport): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

/** The next line that this child is sent; its sender waits for an answer before it sends another. */
function readLine(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const length = readSync(CHANNEL, chunk);
    if (length === 0) process.exit(0); // whoever started this has no job for it, or is gone
    chunks.push(chunk.subarray(0, length));
    if (chunk[length - 1] === 0x0a) return Buffer.concat(chunks).toString("utf8");
  }
}

function failure(error: unknown): SandboxReport {
  if (error instanceof CommandNotStarted) return { kind: "notStarted", failure: error.failure, message: error.message };
  if (error instanceof UserNotMapped) return { kind: "notMapped", user: error.user };
  if (error instanceof UserNotFound) return { kind: "noUser", user: error.user, problem: error.message };
  const { code, message, path, syscall, stack } = error as NodeJS.ErrnoException;
  return { kind: "failed", step: syscall ?? "setup", message: syscall ? message : (stack ?? message), ...(code ? { code } : {}), ...(path ? { path } : {}) };
}

/** Those pairs whose names are not set yet. */
function missing(env: readonly string[], added: readonly string[]): string[] {
  const names = new Set(env.map((pair) => pair.split("=", 1)[0]));
  return added.filter((pair) => !names.has(pair.split("=", 1)[0]));
}

// The host's /proc is still in place here, so this is the number that the parent knows.
report({ kind: "ready", pid: Number(readlinkSync("/proc/self")) });
const filter = assembleFilter(DEFAULT_PROFILE);
bindDeclared();
flushCompileCache();
const job = JSON.parse(readLine()) as SandboxJob;
try {
  if (job.network !== "host") enterOwnNetwork();
  if (job.network === "wait") ask({ kind: "network" });
  const { stubs, env } = assembleRoot(job);
  report({ kind: "stubs", stubs });
  newSession();
  if (job.terminal) openTerminal();
  becomeCommand({ ...job, env: [...job.env, ...missing(job.env, env)] }, filter);
} catch (error) {
  report(failure(error));
  endAtOnce(125);
}

function ask(message: SandboxReport): void {
  report(message);
  readLine();
}

/** A terminal in the container's own devpts, whose other end the parent takes out of this process. */
function openTerminal(): void {
  const { controller, path } = createTerminal();
  writeFileSync("/dev/console", "");
  bindOver(path, "/dev/console");
  ask({ kind: "terminal", fd: controller });
  closeSync(controller);
  standOnTerminal(path);
}
