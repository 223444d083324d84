import { closeSync, readSync, writeSync } from "node:fs";
import { endAtOnce } from "../linux/process.ts";
import { createTerminal, standOnTerminal } from "../linux/terminal.ts";
import { CommandNotStarted } from "./find-command.ts";
import { TargetUnfit } from "./mount-stubs.ts";
import type { SandboxReport, ZygoteReport } from "./sandbox-job.ts";
import { UserNotFound, UserNotMapped } from "./user.ts";

/** The descriptor through which a sandbox child and its parent talk. */
export const CHANNEL = 3;

export function report(message: SandboxReport | ZygoteReport): void {
  writeSync(CHANNEL, `${JSON.stringify(message)}\n`);
}

/** The next line that this child is sent; its sender waits for an answer before it sends another. */
export function readLine(): string {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const length = readSync(CHANNEL, chunk);
    if (length === 0) endAtOnce(0); // whoever started this has no job for it, or is gone
    chunks.push(chunk.subarray(0, length));
    if (chunk[length - 1] === 0x0a) return Buffer.concat(chunks).toString("utf8");
  }
}

/** Says something and waits until the parent has done what it has to. */
export function ask(message: SandboxReport): void {
  report(message);
  readLine();
}

/**
 * Makes a terminal in the devpts at /dev/pts, whose other end the parent takes out of this process, and stands on it.
 * @param before called with the terminal's path before that.
 */
export function openTerminal(before: (path: string) => void = () => undefined): void {
  const { controller, path } = createTerminal();
  before(path);
  ask({ kind: "terminal", fd: controller });
  closeSync(controller);
  standOnTerminal(path);
}

/** What there is to say about an error. */
export function failure(error: unknown): SandboxReport {
  if (error instanceof CommandNotStarted) return { kind: "notStarted", failure: error.failure, message: error.message };
  if (error instanceof UserNotMapped) return { kind: "notMapped", user: error.user };
  if (error instanceof UserNotFound) return { kind: "noUser", user: error.user, problem: error.message };
  if (error instanceof TargetUnfit) return { kind: "unfit", target: error.target, obstacle: error.obstacle };
  const { code, message, path, syscall, stack } = error as NodeJS.ErrnoException;
  const step = syscall ?? "setup";
  return { kind: "failed", step, message: syscall ? message : (stack ?? message), ...(code ? { code } : {}), ...(path ? { path } : {}) };
}
