import { haveLibc } from "../linux/libc.ts";
import { findProgram } from "../linux/find-program.ts";
import { fault } from "../std/fault.ts";
import { SandboxExecutor } from "./sandbox-executor.ts";
import type { Executor } from "./run-job.ts";

/**
 * Makes what runs commands: the built-in sandbox, or the OCI runtime of that name or path.
 * @param options.temporary a folder for what it needs while it lives; one process only uses it.
 * @throws RUNTIME_UNKNOWN, SANDBOX_LIBRARY_MISSING
 */
export async function createExecutor(options: { readonly runtime?: string; readonly temporary: string }): Promise<Executor> {
  const { runtime = "builtin", temporary } = options;
  if (!haveLibc()) throw fault("SANDBOX_LIBRARY_MISSING", {});
  if (runtime === "builtin") return new SandboxExecutor(temporary, runtime);
  const path = findProgram(runtime);
  if (path === undefined) throw fault("RUNTIME_UNKNOWN", { runtime });
  return new SandboxExecutor(temporary, path);
}
