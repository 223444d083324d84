import { constants } from "node:os";
import { fault } from "../std/fault.ts";
import type { RunResult } from "./run-job.ts";
import type { SandboxEnd } from "./sandbox.ts";
import { setupFailure } from "./setup-failure.ts";

/** What a sandbox's end means. @throws SANDBOX_FAILED, MOUNT_TARGET_UNFIT, USER_NOT_FOUND, USER_NOT_MAPPED */
export function runResult({ exitCode, reports }: SandboxEnd): RunResult {
  for (const report of reports) {
    switch (report.kind) {
      case "failed": throw setupFailure(report.step, report.message);
      case "unfit": throw fault("MOUNT_TARGET_UNFIT", report);
      case "noUser": throw fault("USER_NOT_FOUND", { user: report.user, problem: report.problem });
      case "notMapped": throw fault("USER_NOT_MAPPED", { user: report.user });
      case "notStarted": {
        const { failure, message } = report;
        return { exitCode: failure === "notExecutable" ? 126 : 127, failure, message };
      }
      default:
    }
  }
  return exitResult(exitCode);
}

/** An exit status as a shell gives it: 128 + the signal's number after a signal. */
function exitResult(exitCode: number): RunResult {
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal === undefined ? { exitCode } : { exitCode, signal: signal as NodeJS.Signals };
}
