import { haveLibc } from "../linux/libc.ts";
import { fault } from "../std/fault.ts";
import { BuiltinExecutor } from "./builtin-executor.ts";
import type { Executor } from "./run-job.ts";

/**
 * Makes what runs commands: the built-in sandbox, or the OCI runtime of that name or path.
 * @param options.temporary a folder for what it needs while it lives; one process only uses it.
 * @throws RUNTIME_UNKNOWN, SANDBOX_LIBRARY_MISSING
 */
export async function createExecutor(options: { readonly runtime?: string; readonly temporary: string }): Promise<Executor> {
  const { runtime = "builtin", temporary } = options;
  if (runtime !== "builtin") throw fault("RUNTIME_UNKNOWN", { runtime });
  if (!haveLibc()) throw fault("SANDBOX_LIBRARY_MISSING", {});
  return new BuiltinExecutor(temporary);
}
