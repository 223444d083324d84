import { spawn } from "node:child_process";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { fault } from "../std/fault.ts";
import { reviveError, type PlainError } from "../std/plain-error.ts";
import { entryUrl } from "../std/sources.ts";

/** What a supervisor says to the process that has started it. */
export type SupervisorReport = { readonly started: true } | { readonly failed: PlainError };

/** Keeps the supervisor small: it has little to do and lives for long. */
const FRUGAL = ["--max-semi-space-size=1", "--max-old-space-size=96", "--single-threaded-gc", "--v8-pool-size=1"];

/**
 * Runs a container in the background, under a process that lives on when this one has ended.
 * Resolves when the container's command runs.
 * @throws what the supervisor met: SANDBOX_FAILED, COMMAND_NOT_FOUND, PORT_TAKEN, CONTAINER_NOT_STARTED …
 */
export async function startDetached(storeRoot: string, id: string): Promise<void> {
  const entry = fileURLToPath(entryUrl("container/supervisor-entry.ts"));
  const child = spawn(process.execPath, [...FRUGAL, "--no-warnings", entry, storeRoot, id, String(process.pid)], {
    stdio: ["ignore", "ignore", "ignore", "pipe"], cwd: "/", detached: true, env: environment(),
  });
  const failed = new Promise<never>((_resolve, reject) => child.once("error", reject));
  failed.catch(() => undefined);
  child.unref();
  const said = await Promise.race([firstLine(child.stdio[3] as Readable), failed]);
  if (said === "") throw fault("CONTAINER_NOT_STARTED", { container: id.slice(0, 12), problem: "its supervisor ended" });
  const report = JSON.parse(said) as SupervisorReport;
  if ("failed" in report) throw reviveError(report.failed);
}

async function firstLine(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    text += chunk as string;
    if (text.endsWith("\n")) break;
  }
  return text;
}

/** What a supervisor needs of this process's environment, and nothing that may be a secret. */
function environment(): NodeJS.ProcessEnv {
  const names = ["PATH", "HOME", "LD_LIBRARY_PATH", "SAMPAN_USERNS_ENTERED"];
  const cache = getCompileCacheDir();
  const kept = Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  return { ...kept, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }) };
}
