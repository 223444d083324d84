// What a sandbox child runs: process 1 of its own PID namespace, in its own mount, IPC and UTS namespaces, still
// with the host's root and all rights. It waits for a job on descriptor 3, builds the container around itself and
// becomes the command. It imports as little as possible, since every build waits for its start.
import { readlinkSync, readSync, writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { assembleRoot } from "./assemble-root.ts";
import { becomeCommand, CommandNotStarted } from "./become-command.ts";
import type { SandboxJob, SandboxReport } from "./sandbox-job.ts";
import { UserNotFound } from "./user.ts";

const CHANNEL = 3;

function report(message: SandboxReport): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

function readJob(): SandboxJob {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const length = readSync(CHANNEL, chunk);
    if (length === 0) process.exit(0); // whoever started this has no job for it, or is gone
    chunks.push(chunk.subarray(0, length));
    if (chunk[length - 1] === 0x0a) return JSON.parse(Buffer.concat(chunks).toString("utf8")) as SandboxJob;
  }
}

function failure(error: unknown): SandboxReport {
  if (error instanceof CommandNotStarted) return { kind: "notStarted", failure: error.failure, message: error.message };
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
flushCompileCache();
const job = readJob();
try {
  const { stubs, env } = assembleRoot(job);
  report({ kind: "stubs", stubs });
  becomeCommand({ ...job, env: [...job.env, ...missing(job.env, env)] });
} catch (error) {
  report(failure(error));
  process.exit(125);
}
